import { type How, type Strategy } from './strategy.ts';

/** A worker that may be given runs of a class. */
export interface Candidate {
  readonly num: number;
  /** Leases that it holds. */
  readonly active: number;
  readonly max: number;
  /** How many more it would take now. */
  readonly slots: number;
  /** Its place among those who wait at this replica; null: it does not wait here. */
  readonly place: number | null;
  /** The epoch of the last lease that it was given; 0: none. */
  readonly lastEpoch: bigint;
  /** The weights of the preferences that it satisfies. */
  readonly score: number;
}

interface Seat extends Candidate {
  given: number;
}

/**
 * Divides `runs` among the candidates: how many each gets. Equal on every replica that knows the same
 * loads, so that each serves its own share and none has to ask the others.
 *
 * At most `runs` candidates get anything, and giving to one makes no other worse: the first `runs` in
 * order are all that need to be looked at.
 */
export function chooseWorkers(
  how: How,
  candidates: readonly Candidate[],
  runs: number,
): Map<number, number> {
  const order = ORDERS[how.strategy];
  const compare = (one: Seat, other: Seat): number =>
    other.score - one.score || order(one, other, how.threshold) || one.num - other.num;
  const seats = candidates
    .filter(({ slots }) => slots > 0)
    .map((candidate): Seat => ({ ...candidate, given: 0 }))
    .toSorted(compare)
    .slice(0, runs);
  for (let run = 0; run < runs; run++) {
    const open = seats.filter(({ slots, given }) => given < slots);
    const [first] = open;
    if (first === undefined) break;
    const best = open.reduce((one, other) => (compare(other, one) < 0 ? other : one), first);
    best.given += 1;
  }
  return new Map(seats.filter(({ given }) => given > 0).map(({ num, given }) => [num, given]));
}

type Order = (one: Seat, other: Seat, threshold: number) => number;

/** Turn by turn, in the order of waiting; who does not wait here comes last. */
const byWaiting: Order = (one, other) =>
  one.given - other.given || orderOf(one.place, other.place) || 0;

const byTurn: Order = (one, other) =>
  // What is given now comes after everything that was given before.
  one.given - other.given ||
  (one.lastEpoch < other.lastEpoch ? -1 : Number(one.lastEpoch > other.lastEpoch));

const byLoad: Order = (one, other, threshold) =>
  loadOf(one) - loadOf(other) || byTurn(one, other, threshold);

const byThreshold: Order = (one, other, threshold) => {
  const [isAbove, isOtherAbove] = [loadOf(one) > threshold, loadOf(other) > threshold];
  if (isAbove !== isOtherAbove) return isAbove ? 1 : -1;
  return isAbove ? byLoad(one, other, threshold) : byWaiting(one, other, threshold);
};

const ORDERS = {
  DIRECT: byWaiting,
  ROUND_ROBIN: byTurn,
  LEAST_LOADED: byLoad,
  THRESHOLD: byThreshold,
} as const satisfies Record<Strategy, Order>;

function loadOf({ active, given, max }: Seat): number {
  return (active + given) / max;
}

function orderOf(one: number | null, other: number | null): number {
  if (one === other) return 0;
  if (one === null || other === null) return one === null ? 1 : -1;
  return one - other;
}
