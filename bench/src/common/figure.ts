import { median, medianRatio } from './statistics.ts';

export type BenchName =
  | 'admission'
  | 'gateway'
  | 'calls'
  | 'console'
  | 'edge'
  | 'fleet'
  | 'pollers'
  | 'request-log'
  | 'soak'
  | 'steps'
  | 'tools';
export type Unit = '1/s' | 'ms' | 'us' | 'MB' | 'count';

/** What we want of a figure; a target never decides whether the benchmark succeeds. */
export interface Target {
  readonly of: 'ours' | 'ratio';
  readonly bound: 'at least' | 'at most';
  readonly value: number;
}

/** One line of the result; the fields but `target` are those of `--json`. */
export interface Figure {
  readonly bench: BenchName;
  readonly metric: string;
  readonly unit: Unit;
  readonly ours: number | null;
  readonly peer: number | null;
  readonly peer_name: string | null;
  /** `ours / peer`: the median over the rounds where there are rounds. */
  readonly ratio: number | null;
  readonly target: Target | null;
}

/** A measure that every contender repeats once a round. */
export interface Series {
  readonly bench: BenchName;
  readonly metric: string;
  readonly unit: Unit;
  readonly target: Target | null;
}

/** The figure of a series against one peer; without the peer's values, ours alone. */
export function compare(
  series: Series,
  ours: readonly number[],
  peer: { readonly name: string; readonly values: readonly number[] } | null,
): Figure {
  const measured = peer !== null && peer.values.length > 0;
  return {
    ...series,
    ours: known(median(ours)),
    peer: measured ? known(median(peer.values)) : null,
    peer_name: peer?.name ?? null,
    ratio: measured ? known(medianRatio(ours, peer.values)) : null,
  };
}

/** Null when the figure was not measured, so that nothing can be claimed of it. */
export function meetsTarget(figure: Figure): boolean | null {
  if (figure.target === null) return null;
  const value = figure[figure.target.of];
  if (value === null) return null;
  return figure.target.bound === 'at least'
    ? value >= figure.target.value
    : value <= figure.target.value;
}

function known(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
