import { type Executor, sql, type Statement, type Tx } from '@sagewai/postgres';
import type { KeyId, OrganizationId, ProjectId } from '@sagewai/wire';

export interface KeyFilter {
  readonly orgId: OrganizationId;
  /** Null: of every project. */
  readonly projectId: ProjectId | null;
  readonly name?: string | undefined;
  readonly teamId?: string | undefined;
  readonly personId?: string | undefined;
  readonly keyId?: KeyId | undefined;
}

/** Keys that were not revoked, newest first; and how many there are in all. */
export async function pageKeys(
  db: Executor,
  filter: KeyFilter,
  { offset, limit }: { readonly offset: number; readonly limit: number },
): Promise<{ readonly ids: readonly KeyId[]; readonly total: number }> {
  const where = sql.join(conditionsOf(filter), ' and ');
  const { rows } = await sql<{ id: KeyId }>`
    select id from virtual_key where ${where} order by id desc limit ${limit} offset ${offset}
  `.execute(db);
  const { rows: counted } = await sql<{ total: number }>`
    select count(*)::int as total from virtual_key
    where ${sql.join(conditionsOf(filter), ' and ')}
  `.execute(db);
  return { ids: rows.map(({ id }) => id), total: counted[0]?.total ?? 0 };
}

/** Whoever gives the same name waits until the transaction ends. */
export async function lockName(tx: Tx, orgId: OrganizationId, name: string): Promise<void> {
  const key = `key ${orgId} ${name}`;
  await sql`select pg_advisory_xact_lock(hashtextextended(${key}, 0))`.execute(tx);
}

function conditionsOf(filter: KeyFilter): Statement<unknown>[] {
  const conditions = [sql`org_id = ${filter.orgId}`, sql`revoked_at is null`];
  if (filter.projectId !== null) conditions.push(sql`project_id = ${filter.projectId}::uuid`);
  if (filter.name !== undefined) conditions.push(sql`name = ${filter.name}`);
  if (filter.teamId !== undefined) conditions.push(sql`team_id = ${filter.teamId}`);
  if (filter.personId !== undefined) conditions.push(sql`person_id = ${filter.personId}`);
  if (filter.keyId !== undefined) conditions.push(sql`id = ${filter.keyId}::uuid`);
  return conditions;
}
