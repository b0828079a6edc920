/**
 * Limits under a name: LiteLLM's budgets. Whoever holds one has these limits, each by itself: what one has spent, the
 * others have not. A change is a change for all of them, in one transaction.
 */
import { type Limits, UNLIMITED } from '@sagewai/ledger';
import type { OrganizationId } from '@sagewai/wire';

export const HOLDER_KINDS = ['key', 'team', 'person', 'end_user', 'tag'] as const;
export type HolderKind = (typeof HOLDER_KINDS)[number];

/** Who may hold one. Of an end user and a tag, as the whole organization knows them. */
export interface Holder {
  readonly orgId: OrganizationId;
  readonly kind: HolderKind;
  readonly id: string;
}

export interface NamedBudget {
  readonly orgId: OrganizationId;
  readonly id: string;
  readonly limits: Limits;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly updatedBy: string | null;
  readonly updatedAt: Date | null;
}

type Kept = Readonly<Record<string, string>>;

const NAMES = Object.keys(UNLIMITED) as readonly (keyof Limits)[];

/** Exact: JSON's numbers are not. */
export const limitsToKeep = (limits: Limits): Kept =>
  Object.fromEntries(
    NAMES.flatMap((name) => (limits[name] === null ? [] : [[name, String(limits[name])]])),
  );

export const limitsOfKept = (kept: Kept): Limits => ({
  ...UNLIMITED,
  ...Object.fromEntries(
    NAMES.flatMap((name) => (kept[name] === undefined ? [] : [[name, BigInt(kept[name])]])),
  ),
});
