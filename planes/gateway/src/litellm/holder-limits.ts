import {
  type Limits,
  listFacetLimits,
  readBudgets,
  setBudgets,
  setFacetLimits,
  UNLIMITED,
} from '@sagewai/ledger';
import type { Tx } from '@sagewai/postgres';

import type { DescribedPart } from './described-part.ts';
import { findParts, noteBlock } from './described-parts.sql.ts';
import type { Holder } from './named-budget.ts';

type PartHolder = Holder & { readonly kind: DescribedPart['facet'] };

const isPart = (of: Holder): of is PartHolder => of.kind === 'end_user' || of.kind === 'tag';

/** Of one that is blocked, those that hold when it is not. */
export async function readHolderLimits(tx: Tx, of: Holder): Promise<Limits> {
  if (!isPart(of)) return (await readBudgets(tx, of)).limits;
  const choice = { kind: 'organization', ids: [of.orgId], facet: of.kind, names: [of.id] } as const;
  const [limited] = await listFacetLimits(tx, of.orgId, { ...choice, limit: 1 });
  const limits = limited?.limits ?? UNLIMITED;
  const part = await findPart(tx, of);
  return isBlocked(part, limits) ? { ...limits, requestsPerMinute: part.requestsBefore } : limits;
}

/** The row of a part that may be blocked is locked (`lockParts`). */
export async function writeHolderLimits(tx: Tx, of: Holder, limits: Limits): Promise<void> {
  if (!isPart(of)) return setBudgets(tx, of, limits);
  const { orgId, kind: facet, id: name } = of;
  const part = await findPart(tx, of);
  const isHeldBack = part !== undefined && part.blockedAt !== null;
  if (isHeldBack) await noteBlock(tx, part, { requestsBefore: limits.requestsPerMinute });
  const scope = { orgId, kind: 'organization', id: orgId } as const;
  const kept = isHeldBack ? { ...limits, requestsPerMinute: 0n } : limits;
  await setFacetLimits(tx, { scope, facet, name }, kept);
}

/** A block is a limit of no requests: the ledger keeps it everywhere at once. One that was lifted there is none. */
export const isBlocked = (part: DescribedPart | undefined, limits: Limits): part is DescribedPart =>
  part !== undefined && part.blockedAt !== null && limits.requestsPerMinute === 0n;

async function findPart(
  tx: Tx,
  { orgId, kind, id }: PartHolder,
): Promise<DescribedPart | undefined> {
  const [part] = await findParts(tx, { orgId, facet: kind }, { names: [id], limit: 1 });
  return part;
}
