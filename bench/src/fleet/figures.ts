import { compare, type Figure, type Series, type Target, type Unit } from '../common/figure.ts';
import type { Latencies } from './claim-latency.ts';
import { type Mode, MODES } from './contender.ts';

export const OURS = 'sagewai';

const RATE_TARGET: Target = { of: 'ours', bound: 'at least', value: 5_000 };
const LATENCY_TARGET: Target = { of: 'ratio', bound: 'at most', value: 1.5 };

/** Jobs per second of one contender in one mode in one round. */
export interface Sample {
  readonly contender: string;
  readonly mode: Mode;
  readonly jobsPerSecond: number;
}

export function rateFigures(samples: readonly Sample[], peers: readonly string[]): Figure[] {
  const pick = (name: string, mode: Mode): number[] =>
    samples
      .filter((one) => one.contender === name && one.mode === mode)
      .map((one) => one.jobsPerSecond);
  return MODES.flatMap((mode) => {
    const target = mode === 'batched' ? RATE_TARGET : null;
    const series = figureOf(`${mode}.runs_per_second`, '1/s', target);
    const own = pick(OURS, mode);
    if (peers.length === 0) return [compare(series, own, null)];
    return peers.map((name) => compare(series, own, { name, values: pick(name, mode) }));
  });
}

/** Latencies where something is in the way, beside those of an empty queue measured in the same round. */
export function latencyFigures(
  inTheWay: 'backlog' | 'pinned',
  measured: readonly Latencies[],
  empty: readonly Latencies[],
): Figure[] {
  const measures = [
    { metric: 'claim_latency_p50', of: (one: Latencies) => one.claimP50Ms, target: LATENCY_TARGET },
    { metric: 'claim_latency_p99', of: (one: Latencies) => one.claimP99Ms, target: null },
    {
      metric: 'dispatch_latency_p50',
      of: (one: Latencies) => one.dispatchP50Ms,
      target: LATENCY_TARGET,
    },
  ];
  return measures.map(({ metric, of, target }) =>
    compare(figureOf(`${inTheWay}.${metric}`, 'ms', target), measured.map(of), {
      name: 'empty backlog',
      values: empty.map(of),
    }),
  );
}

function figureOf(metric: string, unit: Unit, target: Target | null): Series {
  return { bench: 'fleet', metric, unit, target };
}
