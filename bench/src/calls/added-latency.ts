import type { Child } from '../common/child.ts';
import { median } from '../common/statistics.ts';
import { ask, type Target } from './ask.ts';

export interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface LatencyPlan {
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
}

/**
 * What calls take at half of the rate that the gateway can do, through it and without it, in turns at the
 * same rate. A latency is counted from when the request is written.
 */
export async function measureLatency(
  generator: Child,
  { through, direct }: { readonly through: Target; readonly direct: Target },
  { rounds, seconds, connections }: LatencyPlan,
): Promise<{ perSecond: number; through: Latency[]; direct: Latency[] }> {
  const demand = { kind: 'json', connections, seconds } as const;
  await ask(generator, through, { ...demand, perSecond: null });
  const { answers, elapsedMs } = await ask(generator, through, { ...demand, perSecond: null });
  const perSecond = Math.round((answers * 1_000) / elapsedMs / 2);
  const seen = { through: [] as Latency[], direct: [] as Latency[] };
  for (let round = 0; round < rounds; round += 1) {
    seen.direct.push(await ask(generator, direct, { ...demand, perSecond }));
    seen.through.push(await ask(generator, through, { ...demand, perSecond }));
  }
  return { perSecond, ...seen };
}

/** The median over the rounds of what the gateway adds within a round. */
export function addedMs(
  { through, direct }: { through: readonly Latency[]; direct: readonly Latency[] },
  of: keyof Latency,
): number {
  return median(through.map((one, round) => one[of] - (direct[round]?.[of] ?? Number.NaN)));
}
