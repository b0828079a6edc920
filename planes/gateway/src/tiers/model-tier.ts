import { type Tier, TIERS } from '@sagewai/wire';

/** What requests of one tier get. */
export interface TierTarget {
  readonly model: string;
  /** For runs that leave their pool open too; null: as without. */
  readonly pool: string | null;
}

/** Of one project; a tier may be missing, and all of them may be. */
export type ModelTiers = Readonly<Partial<Record<Tier, TierTarget>>>;

/**
 * What a request of a tier may get, best first: what its own tier has, then what a harder one has, which
 * costs more and will do, then the next easier ones.
 */
export function targetsFor(tiers: ModelTiers, tier: Tier): TierTarget[] {
  const at = TIERS.indexOf(tier);
  const order = [...TIERS.slice(at), ...TIERS.slice(0, at).toReversed()];
  return order.flatMap((each) => tiers[each] ?? []);
}
