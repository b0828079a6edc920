import type { DecidedRequirement } from '../matching/decide-requirement.ts';
import type { Requirement } from '../matching/match-class.ts';

/** By subqueue, why nobody can serve it. Who polls here tells without a look. */
export async function warnOf(
  placed: readonly DecidedRequirement[],
  sqs: readonly number[],
  by: {
    /** Somebody who may have its runs asks here, or did a moment ago. */
    readonly isAskedFor: (sq: number) => boolean;
    readonly judge: (requirement: Requirement) => Promise<string | null>;
  },
): Promise<Map<number, string>> {
  const warnings = new Map<number, string>();
  for (const sq of new Set(sqs)) {
    const requirement = placed[sqs.indexOf(sq)]?.requirement;
    if (requirement === undefined || by.isAskedFor(sq)) continue;
    const why = await by.judge(requirement);
    if (why !== null) warnings.set(sq, why);
  }
  return warnings;
}
