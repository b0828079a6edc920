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
  const { limits, blocked } = await readPart(tx, of);
  return blocked === null ? limits : { ...limits, requestsPerMinute: blocked.requestsBefore };
}

/** The row of a part that may be blocked is locked (`lockParts`). */
export async function writeHolderLimits(tx: Tx, of: Holder, limits: Limits): Promise<void> {
  if (!isPart(of)) return setBudgets(tx, of, limits);
  const { blocked } = await readPart(tx, of);
  await writePart(tx, of, { limits, isBlocked: blocked !== null });
}

/** The same. */
export async function setBlock(tx: Tx, of: PartHolder, isBlocked: boolean): Promise<void> {
  await writePart(tx, of, { limits: await readHolderLimits(tx, of), isBlocked });
}

async function writePart(
  tx: Tx,
  { orgId, kind: facet, id: name }: PartHolder,
  { limits, isBlocked }: { readonly limits: Limits; readonly isBlocked: boolean },
): Promise<void> {
  const block = isBlocked ? { requestsBefore: limits.requestsPerMinute } : null;
  await noteBlock(tx, { orgId, facet, name }, block);
  const scope = { orgId, kind: 'organization', id: orgId } as const;
  const kept = isBlocked ? { ...limits, requestsPerMinute: 0n } : limits;
  await setFacetLimits(tx, { scope, facet, name }, kept);
}

/** A block is a limit of no requests: the ledger keeps it everywhere at once. One that was lifted there is none. */
export const isBlocked = (part: DescribedPart | undefined, limits: Limits): part is DescribedPart =>
  part !== undefined && part.blockedAt !== null && limits.requestsPerMinute === 0n;

async function readPart(
  tx: Tx,
  { orgId, kind: facet, id: name }: PartHolder,
): Promise<{ readonly limits: Limits; readonly blocked: DescribedPart | null }> {
  const choice = { kind: 'organization', ids: [orgId], facet, names: [name], limit: 1 } as const;
  const [limited] = await listFacetLimits(tx, orgId, choice);
  const [part] = await findParts(tx, { orgId, facet }, { names: [name], limit: 1 });
  const limits = limited?.limits ?? UNLIMITED;
  return { limits, blocked: isBlocked(part, limits) ? part : null };
}
