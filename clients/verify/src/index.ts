export type { Breach, Known, Verdict } from './verdict.ts';
export { verifyBatch } from './verify-batch.ts';
export { hashOf, verifyChain } from './verify-chain.ts';
