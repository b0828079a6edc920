import { type Judged, matching } from '../placement-reasons/reason.ts';
import { REASONS } from '../placement-reasons/reasons.ts';
import { lacksOf } from './lacks.ts';
import type { PlacementFacts } from './placement-facts.ts';

export interface Placement {
  /** At least one, the weightiest first. */
  readonly reasons: readonly { readonly code: string; readonly text: string }[];
  /** Those that lack least, and what. */
  readonly nearest: readonly Judged[];
  /** Workers that may have the run as they are recorded. */
  readonly matching: number;
}

const NEAREST_MAX = 5;

/** Why a run is not running, in plain words. */
export function explainPlacement(facts: PlacementFacts): Placement {
  const judged = facts.workers
    .filter(({ state }) => state === 'approved' || state === 'pending')
    .map((worker) => ({ worker, lacks: lacksOf(worker, facts) }))
    .toSorted(
      (one, other) =>
        weightOf(one) - weightOf(other) || (one.worker.name < other.worker.name ? -1 : 1),
    );
  const judgement = { ...facts, judged };
  const reasons = REASONS.flatMap(({ code, explain }) => {
    const text = explain(judgement);
    return text === null ? [] : [{ code, text }];
  });
  const isQueued = facts.state === 'queued';
  if (reasons.length === 0) reasons.push({ code: 'unknown', text: UNKNOWN });
  return {
    reasons,
    nearest: isQueued ? judged.slice(0, NEAREST_MAX) : [],
    matching: matching(judgement).length,
  };
}

const UNKNOWN = 'No worker has all that it requires.';

/** What can never be had weighs more than what is lacking just now. */
function weightOf({ lacks }: Judged): number {
  return lacks.reduce((sum, { kind }) => sum + (kind === 'never' ? 100 : 1), 0);
}
