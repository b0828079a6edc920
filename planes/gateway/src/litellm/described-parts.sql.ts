import { type Executor, sql, type Statement, type Tx } from '@sagewai/postgres';

import type { DescribedPart } from './described-part.ts';

export type PartChoice = Pick<DescribedPart, 'orgId' | 'facet' | 'name'>;

const columns = (): Statement<unknown> => sql`
  org_id as "orgId", facet, name, label, metadata, blocked_at as "blockedAt",
  requests_before::numeric as "requestsBefore", created_by as "createdBy", created_at as "createdAt",
  updated_at as "updatedAt"`;

/** False when there is one already. */
export async function insertPart(
  tx: Tx,
  of: PartChoice & { readonly by: string },
): Promise<boolean> {
  const { rowCount } = await sql`
    insert into described_part (org_id, facet, name, created_by)
    values (${of.orgId}, ${of.facet}, ${of.name}, ${of.by}) on conflict do nothing
  `.execute(tx);
  return rowCount > 0;
}

export interface PartChanges {
  readonly label?: string | null;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** What is left out stays. Null when it is not described. Locks it: limits and blocks change one after the other. */
export async function adjustPart(
  tx: Tx,
  { orgId, facet, name }: PartChoice,
  { label, metadata }: PartChanges,
): Promise<DescribedPart | null> {
  const { rows } = await sql<DescribedPart>`
    update described_part
    set label = case when ${label !== undefined}::boolean then ${label ?? null}::text else label end,
        metadata = coalesce(${metadata === undefined ? null : JSON.stringify(metadata)}::jsonb, metadata),
        updated_at = app_now()
    where org_id = ${orgId} and facet = ${facet} and name = ${name}
    returning ${columns()}
  `.execute(tx);
  return rows[0] ?? null;
}

/** Keeps the limit in whose place the block stands; null for one that is not blocked any more. */
export async function noteBlock(
  tx: Tx,
  { orgId, facet, name }: PartChoice,
  block: { readonly requestsBefore: bigint | null } | null,
): Promise<void> {
  await sql`
    update described_part
    set blocked_at = case when ${block !== null}::boolean then coalesce(blocked_at, app_now()) end,
        requests_before = ${block?.requestsBefore ?? null}::numeric, updated_at = app_now()
    where org_id = ${orgId} and facet = ${facet} and name = ${name}
  `.execute(tx);
}

export async function findParts(
  db: Executor,
  { orgId, facet }: Omit<PartChoice, 'name'>,
  of: { readonly names?: readonly string[]; readonly offset?: number; readonly limit: number },
): Promise<DescribedPart[]> {
  const { rows } = await sql<DescribedPart>`
    select ${columns()} from described_part
    where org_id = ${orgId} and facet = ${facet}
      and (${of.names ?? null}::text[] is null or name = any(${of.names ?? null}::text[]))
    order by name limit ${of.limit} offset ${of.offset ?? 0}
  `.execute(db);
  return rows;
}

/**
 * Until the transaction ends nobody else blocks them. Before any limit is written: what is locked after that may be
 * held by whoever waits for it.
 */
export async function lockParts(
  tx: Tx,
  { orgId, facet }: Omit<PartChoice, 'name'>,
  names: readonly string[],
): Promise<void> {
  await sql`
    select from described_part
    where org_id = ${orgId} and facet = ${facet} and name = any(${names}::text[])
    order by name for update
  `.execute(tx);
}

/** False when it was not described. */
export async function deletePart(tx: Tx, { orgId, facet, name }: PartChoice): Promise<boolean> {
  const { rowCount } = await sql`
    delete from described_part where org_id = ${orgId} and facet = ${facet} and name = ${name}
  `.execute(tx);
  return rowCount > 0;
}
