import type { PicoUsd } from '@sagewai/wire';

import type { Strategy } from './routing.ts';

/** A deployment as it stands when a call is to be sent. */
export interface Candidate {
  readonly id: string;
  readonly weight: number;
  readonly order: number;
  /** It has just failed, or told when it wants to be called again. */
  readonly isCooling: boolean;
  /** It has had its requests or tokens of this minute. */
  readonly isFull: boolean;
  readonly inFlight: number;
  /** To the first byte of an answer; null: not known, or too long ago. */
  readonly latencyMs: number | null;
  readonly tokensThisMinute: number;
  /** Of this call, as far as can be told before it; null: nobody knows. */
  readonly cost: PicoUsd | null;
}

export type Passed = 'tried' | 'cooling' | 'full' | 'slow' | 'order' | 'score';

export interface Choice {
  /** Undefined: there is none that is well. */
  readonly chosen: number | undefined;
  /** By which it was the best; the lower the better. */
  readonly score: number;
  readonly passed: readonly { readonly id: string; readonly because: Passed }[];
}

/** The lower the better; what is not known comes first, but only once at a time. */
const SCORES: Readonly<Record<Strategy, (of: Candidate) => number>> = {
  'simple-shuffle': () => 0,
  'least-busy': ({ inFlight }) => inFlight,
  'latency-based-routing': ({ latencyMs, inFlight }) =>
    latencyMs ?? (inFlight === 0 ? -1 : Infinity),
  'cost-based-routing': ({ cost }) => (cost === null ? Infinity : Number(cost)),
  'usage-based-routing': ({ tokensThisMinute }) => tokensThisMinute,
};

/**
 * Chooses among the deployments of a model: those that are well, of the lowest order among them, the
 * best by the strategy, and of equals by weight. `roll` is in [0, 1).
 */
export function chooseDeployment(
  candidates: readonly Candidate[],
  of: {
    readonly strategy: Strategy;
    readonly roll: number;
    readonly tried: ReadonlySet<string>;
    /** What the call has of its own time; those that were slower are passed over. */
    readonly leftMs?: number;
  },
): Choice {
  const passed: { id: string; because: Passed }[] = [];
  const keep = (
    indexes: readonly number[],
    because: Passed,
    isKept: (each: Candidate) => boolean,
  ) =>
    indexes.filter((index) => {
      const each = candidates[index];
      if (each === undefined || isKept(each)) return each !== undefined;
      passed.push({ id: each.id, because });
      return false;
    });
  let left = [...candidates.keys()];
  left = keep(left, 'tried', ({ id }) => !of.tried.has(id));
  left = keep(left, 'cooling', ({ isCooling }) => !isCooling);
  left = keep(left, 'full', ({ isFull }) => !isFull);
  const { leftMs = Infinity } = of;
  if (leftMs < Infinity) {
    left = keep(left, 'slow', ({ latencyMs }) => latencyMs === null || latencyMs <= leftMs);
  }
  const numbers = (read: (each: Candidate) => number): number[] =>
    left.map((index) => read(candidates[index] as Candidate));
  const order = Math.min(...numbers((each) => each.order));
  left = keep(left, 'order', (each) => each.order === order);
  const scoreOf = SCORES[of.strategy];
  const score = Math.min(...numbers(scoreOf));
  left = keep(left, 'score', (each) => scoreOf(each) === score);
  const picked = pickByWeight(
    numbers(({ weight }) => weight),
    of.roll,
  );
  return { chosen: left[picked], score, passed };
}

/** Which of the weights a roll falls on. */
export function pickByWeight(weights: readonly number[], roll: number): number {
  let rest = roll * weights.reduce((sum, weight) => sum + weight, 0);
  for (const [index, weight] of weights.entries()) {
    if (rest < weight) return index;
    rest -= weight;
  }
  return weights.length - 1;
}

/**
 * The roll of a turn: its bits, reversed. Any 2^k turns in a row are spread over [0, 1) with one in each
 * part of 2^-k, so that every weight has its share of them, to within one or two: nearer than chance.
 */
export function rollOf(turn: number): number {
  let roll = 0;
  for (let bit = 0.5, rest = turn; rest > 0; bit /= 2, rest >>>= 1) if (rest & 1) roll += bit;
  return roll;
}

/**
 * The weights of deployments: as stated; else as their requests a minute, else their tokens a minute. One
 * that does not say counts as the least of those that do.
 */
export function weightsOf(
  deployments: readonly {
    readonly weight: number | null;
    readonly requestsPerMinute: number | null;
    readonly tokensPerMinute: number | null;
  }[],
): number[] {
  for (const name of ['weight', 'requestsPerMinute', 'tokensPerMinute'] as const) {
    const stated = deployments.map((each) => each[name]);
    const known = stated.filter((value) => value !== null);
    if (known.length > 0) return stated.map((value) => value ?? Math.min(...known));
  }
  return deployments.map(() => 1);
}
