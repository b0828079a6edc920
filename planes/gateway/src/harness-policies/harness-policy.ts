/**
 * Policies about requests for `auto`: which models people, teams, projects or the whole organization get.
 *
 *   One policy decides: of those that a request is within, the most specific (a person counts 8, a project 4, a
 *   team 2, the organization 1), then the one of the highest priority, then the oldest.
 *
 *   It says, strongest first: one model for everything; the hardest tier that is paid for; models of its own for
 *   some tiers. What it does not say, the tiers of the project do.
 */
import { type Tier, TIERS } from '@sagewai/wire';

import { type ModelTiers, targetsFor, type TierTarget } from '../tiers/model-tier.ts';

export interface PolicyRule {
  readonly forceModel: string | null;
  /** Harder requests get what one of this tier gets. */
  readonly maxTier: Tier | null;
  readonly tierOverrides: ModelTiers;
  /** Given to nobody that it is for, whoever asks. */
  readonly blockedModels: readonly string[];
  /** Whether `X-Harness-Force-Model` is heard. */
  readonly allowForceModel: boolean;
}

export interface HarnessPolicy {
  readonly id: string;
  readonly name: string;
  readonly projectId: string | null;
  readonly teamId: string | null;
  readonly personId: string | null;
  readonly priority: number;
  readonly rule: PolicyRule;
  readonly isEnabled: boolean;
  readonly createdBy: string;
  readonly createdAt: Date;
}

/** Whose request it is. */
export interface PolicyScope {
  readonly projectId: string;
  readonly teamId?: string | null | undefined;
  readonly personId?: string | null | undefined;
}

export function specificityOf({ personId, projectId, teamId }: HarnessPolicy): number {
  return (personId === null ? 0 : 8) + (projectId === null ? 0 : 4) + (teamId === null ? 0 : 2) + 1;
}

/** Null: none is for it. `policies` stand in the order in which they were made. */
export function choosePolicy(
  policies: readonly HarnessPolicy[],
  of: PolicyScope,
): HarnessPolicy | null {
  let best: HarnessPolicy | null = null;
  for (const policy of policies) {
    if (!policy.isEnabled || !isFor(policy, of)) continue;
    if (best === null || isStronger(policy, best)) best = policy;
  }
  return best;
}

function isFor({ projectId, teamId, personId }: HarnessPolicy, of: PolicyScope): boolean {
  if (projectId !== null && projectId !== of.projectId) return false;
  if (teamId !== null && teamId !== of.teamId) return false;
  return personId === null || personId === of.personId;
}

function isStronger(one: HarnessPolicy, other: HarnessPolicy): boolean {
  const by = specificityOf(one) - specificityOf(other);
  return by === 0 ? one.priority > other.priority : by > 0;
}

/** What a request of a tier may get, best first. */
export function targetsUnder(
  policy: HarnessPolicy | null,
  tiers: ModelTiers,
  tier: Tier,
): TierTarget[] {
  if (policy === null) return targetsFor(tiers, tier);
  const { forceModel, maxTier, tierOverrides, blockedModels } = policy.rule;
  const isFree = ({ model }: TierTarget): boolean => !blockedModels.includes(model);
  if (forceModel !== null) return [{ model: forceModel, pool: null }].filter(isFree);
  const known: ModelTiers = { ...tiers, ...tierOverrides };
  if (maxTier === null) return targetsFor(known, tier).filter(isFree);
  const max = TIERS.indexOf(maxTier);
  const within = Object.fromEntries(
    TIERS.slice(0, max + 1).flatMap((each) => {
      const target = known[each];
      return target === undefined ? [] : [[each, target]];
    }),
  ) as ModelTiers;
  const capped = TIERS[Math.min(max, TIERS.indexOf(tier))] ?? tier;
  return targetsFor(within, capped).filter(isFree);
}

/** Whether a request may have the model that it names in a header. */
export const mayForce = (policy: HarnessPolicy | null, model: string): boolean =>
  policy === null || (policy.rule.allowForceModel && !policy.rule.blockedModels.includes(model));
