import { ask } from '../calls/ask.ts';
import type { Child } from '../common/child.ts';
import { type Histogram, quantileOf, readHistogram } from '../common/read-histogram.ts';
import type { Replicas } from './all-scopes.ts';

export interface WaitPlan {
  readonly perSecond: number;
  readonly seconds: number;
  readonly connections: number;
}

export interface Waits {
  readonly reserveMs: { readonly p50: number; readonly p99: number };
  readonly settleMs: { readonly p50: number; readonly p99: number };
  readonly answersPerSecond: number;
}

const WARM_SECONDS = 3;

/** What calls waited for in the ledgers of all replicas, by their own histograms, at a steady rate. */
export async function measureWaits(
  generator: Child,
  { contender, servers }: Replicas,
  { perSecond, seconds, connections }: WaitPlan,
): Promise<Waits> {
  const demand = { kind: 'json', connections, perSecond } as const;
  const urls = servers.map(({ url }) => url);
  const read = (kind: string): Promise<Histogram> =>
    readHistogram(urls, { name: 'sagewai_ledger_wait_seconds', labels: `kind="${kind}"` });
  await ask(generator, contender, { ...demand, seconds: WARM_SECONDS });
  const before = { reserve: await read('reserve'), settle: await read('settle') };
  const { answers, elapsedMs } = await ask(generator, contender, { ...demand, seconds });
  const after = { reserve: await read('reserve'), settle: await read('settle') };
  const waitedMs = (kind: 'reserve' | 'settle'): { p50: number; p99: number } => ({
    p50: quantileOf(before[kind], after[kind], 0.5) * 1_000,
    p99: quantileOf(before[kind], after[kind], 0.99) * 1_000,
  });
  return {
    reserveMs: waitedMs('reserve'),
    settleMs: waitedMs('settle'),
    answersPerSecond: (answers * 1_000) / elapsedMs,
  };
}
