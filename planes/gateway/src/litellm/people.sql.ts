import { type Executor, sql, type Statement, type Tx } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

import type { Person } from './person.ts';

const columns = (): Statement<unknown> => sql`
  p.org_id as "orgId", p.id, p.alias, p.email, p.models, p.metadata,
  p.parallel_max as "parallelMax", p.created_at as "createdAt", p.updated_at as "updatedAt",
  array(select m.team_id from team_member m
        where m.org_id = p.org_id and m.person_id = p.id order by m.team_id) as teams`;

export interface PersonChoice {
  readonly orgId: OrganizationId;
  readonly id: string;
}

/**
 * A key may name a person that nobody has described yet. Also says whether they are new. Until the
 * transaction ends nobody deletes them, so that a key that is made for them goes with them.
 */
export async function admitPerson(
  tx: Tx,
  of: PersonChoice & { readonly by: string },
): Promise<'new' | 'known' | 'deleted'> {
  const { rowCount } = await sql`
    insert into person (org_id, id, created_by) values (${of.orgId}, ${of.id}, ${of.by})
    on conflict do nothing
  `.execute(tx);
  if (rowCount > 0) return 'new';
  const { rows } = await sql<{ isDeleted: boolean }>`
    select deleted_at is not null as "isDeleted" from person
    where org_id = ${of.orgId} and id = ${of.id}
    for share
  `.execute(tx);
  return rows[0]?.isDeleted === false ? 'known' : 'deleted';
}

export async function findPerson(
  db: Executor,
  { orgId, id }: PersonChoice,
): Promise<Person | null> {
  const { rows } = await sql<Person>`
    select ${columns()} from person p
    where p.org_id = ${orgId} and p.id = ${id} and p.deleted_at is null
  `.execute(db);
  return rows[0] ?? null;
}

export interface PersonChanges {
  readonly alias?: string | null;
  readonly email?: string | null;
  readonly models?: readonly string[];
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly parallelMax?: number | null;
}

/** What is left out stays. Null when there is no such person. */
export async function adjustPerson(
  tx: Tx,
  { orgId, id }: PersonChoice,
  changes: PersonChanges,
): Promise<Person | null> {
  const { alias, email, models, metadata, parallelMax } = changes;
  const { rows } = await sql<Person>`
    update person p
    set alias = case when ${alias !== undefined}::boolean then ${alias ?? null}::text else p.alias end,
        email = case when ${email !== undefined}::boolean then ${email ?? null}::text else p.email end,
        models = coalesce(${models ?? null}::text[], p.models),
        metadata = coalesce(${metadata === undefined ? null : JSON.stringify(metadata)}::jsonb, p.metadata),
        parallel_max = case when ${parallelMax !== undefined}::boolean
          then ${parallelMax ?? null}::int else p.parallel_max end,
        updated_at = app_now()
    where p.org_id = ${orgId} and p.id = ${id} and p.deleted_at is null
    returning ${columns()}
  `.execute(tx);
  return rows[0] ?? null;
}

/** False when there is no such person. */
export async function deletePerson(tx: Tx, { orgId, id }: PersonChoice): Promise<boolean> {
  const { rowCount } = await sql`
    update person set deleted_at = app_now()
    where org_id = ${orgId} and id = ${id} and deleted_at is null
  `.execute(tx);
  await sql`delete from team_member where org_id = ${orgId} and person_id = ${id}`.execute(tx);
  return rowCount > 0;
}

/** By name, and how many there are in all. */
export async function pagePeople(
  db: Executor,
  of: { readonly orgId: OrganizationId; readonly offset: number; readonly limit: number },
): Promise<{ readonly people: readonly Person[]; readonly total: number }> {
  const { rows } = await sql<Person>`
    select ${columns()} from person p where p.org_id = ${of.orgId} and p.deleted_at is null
    order by p.id limit ${of.limit} offset ${of.offset}
  `.execute(db);
  const { rows: counted } = await sql<{ total: number }>`
    select count(*)::int as total from person where org_id = ${of.orgId} and deleted_at is null
  `.execute(db);
  return { people: rows, total: counted[0]?.total ?? 0 };
}
