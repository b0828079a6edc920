import type { Lack } from '../placement/lacks.ts';
import type { PlacementFacts, WorkerFact } from '../placement/placement-facts.ts';

/** A worker, and what it lacks for the run. */
export interface Judged {
  readonly worker: WorkerFact;
  readonly lacks: readonly Lack[];
}

export interface Judgement extends PlacementFacts {
  /** All workers, those that lack least first. */
  readonly judged: readonly Judged[];
}

/** One reason why a run is where it is. A module each, listed in `reasons.ts`. */
export interface Reason {
  readonly code: string;
  /** In plain words; null: it is not this. */
  readonly explain: (facts: Judgement) => string | null;
}

/** Those that may have it, as recorded. */
export function matching({ judged }: Judgement): readonly Judged[] {
  return judged.filter(({ lacks }) => lacks.every(({ kind }) => kind === 'now'));
}

/** Approved workers in the run's pool. */
export function inPool({ judged, requirement }: Judgement): readonly Judged[] {
  return judged.filter(
    ({ worker }) => worker.state === 'approved' && worker.pool === requirement.pool,
  );
}

export function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}
