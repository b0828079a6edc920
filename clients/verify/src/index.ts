export type { Breach, Known, Verdict } from './verdict.ts';
export { verifyBatch } from './verify-batch.ts';
export { hashOf, verifyChain } from './verify-chain.ts';
export {
  type CertifiedDeletion,
  type DeletionCertificate,
  type DeletionVerdict,
  verifyDeletion,
} from './verify-deletion.ts';
