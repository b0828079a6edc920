import { type Executor, sql, type Statement, type Tx } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

import { isId } from '../organization.ts';
import type { Narrowed } from './narrow-filter.ts';
import type { GroupRow } from './present.ts';
import type { Slice } from './users.sql.ts';

// A function: a fragment is made anew for each statement that it is part of.
const columns = (withMembers: boolean): Statement<unknown> => sql`
  g.id, g.name, g.external_id as "externalId", g.created_at as "createdAt",
  coalesce(c.changed_at, g.created_at) as "changedAt",
  case when ${withMembers}::boolean then coalesce((
    select json_agg(json_build_object('id', a.id, 'name', a.name) order by a.id)
    from account_group_member m join account a on a.org_id = m.org_id and a.id = m.account_id
    where m.org_id = g.org_id and m.group_id = g.id), '[]'::json) end as members`;

interface Of {
  readonly orgId: OrganizationId;
  readonly id: string;
}

function conditions(orgId: OrganizationId, narrowed: Narrowed): Statement<unknown> {
  const { id, externalId, displayName, member } = narrowed;
  const all = [sql`g.org_id = ${orgId}`];
  if (id !== undefined) all.push(isId(id) ? sql`g.id = ${id}` : sql`false`);
  if (externalId !== undefined) all.push(sql`g.external_id = ${externalId}`);
  if (displayName !== undefined) all.push(sql`lower(g.name) = lower(${displayName})`);
  if (member !== undefined) {
    const account = isId(member) ? member : null;
    all.push(sql`exists (select from account_group_member m
      where m.org_id = ${orgId} and m.group_id = g.id and m.account_id = ${account}::uuid)`);
  }
  return sql.join(all, ' and ');
}

export async function listGroups(
  tx: Executor,
  of: {
    readonly orgId: OrganizationId;
    readonly narrowed: Narrowed;
    readonly slice: Slice;
    readonly withMembers: boolean;
  },
): Promise<GroupRow[]> {
  const { rows } = await sql<GroupRow>`
    select ${columns(of.withMembers)}
    from account_group g left join scim_change c on c.org_id = g.org_id and c.id = g.id
    where ${conditions(of.orgId, of.narrowed)}
    order by g.id offset ${of.slice.offset} limit ${of.slice.limit}
  `.execute(tx);
  return rows;
}

export async function countGroups(
  tx: Executor,
  of: { readonly orgId: OrganizationId; readonly narrowed: Narrowed },
): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from account_group g where ${conditions(of.orgId, of.narrowed)}
  `.execute(tx);
  return rows[0]?.count ?? 0;
}

/** Null: there is none in this organization. */
export async function readGroup(
  tx: Executor,
  of: Of & { readonly withMembers: boolean; readonly forUpdate?: boolean },
): Promise<GroupRow | null> {
  if (!isId(of.id)) return null;
  if (of.forUpdate === true) {
    await sql`
      select 1 from account_group where org_id = ${of.orgId} and id = ${of.id} for update
    `.execute(tx);
  }
  const { rows } = await sql<GroupRow>`
    select ${columns(of.withMembers)}
    from account_group g left join scim_change c on c.org_id = g.org_id and c.id = g.id
    where g.org_id = ${of.orgId} and g.id = ${of.id}
  `.execute(tx);
  return rows[0] ?? null;
}

/** A unique violation says that another group has the name. */
export async function insertGroup(
  tx: Tx,
  of: Of & { readonly name: string; readonly externalId: string | null },
): Promise<void> {
  await sql`
    insert into account_group (id, org_id, name, source, external_id)
    values (${of.id}, ${of.orgId}, ${of.name}, 'scim', ${of.externalId})
  `.execute(tx);
}

export async function renameGroup(tx: Tx, of: Of & { readonly name: string }): Promise<void> {
  await sql`
    update account_group set name = ${of.name} where org_id = ${of.orgId} and id = ${of.id}
  `.execute(tx);
}

export async function setGroupExternalId(
  tx: Tx,
  of: Of & { readonly externalId: string | null },
): Promise<void> {
  await sql`
    update account_group set external_id = ${of.externalId}
    where org_id = ${of.orgId} and id = ${of.id}
  `.execute(tx);
}

/** Adds those who are accounts of this organization; answers the ids of those who are not. */
export async function addMembers(
  tx: Tx,
  of: Of & { readonly accountIds: readonly string[] },
): Promise<string[]> {
  const ids = of.accountIds.filter(isId);
  await sql`
    insert into account_group_member (org_id, group_id, account_id)
    select a.org_id, ${of.id}::uuid, a.id from account a
    where a.org_id = ${of.orgId} and a.id = any(${ids}::uuid[])
    order by a.id
    on conflict do nothing
  `.execute(tx);
  const { rows } = await sql<{ id: string }>`
    select a.id from account a where a.org_id = ${of.orgId} and a.id = any(${ids}::uuid[])
  `.execute(tx);
  const known = new Set(rows.map(({ id }) => id));
  return of.accountIds.filter((id) => !known.has(id));
}

export async function removeMembers(
  tx: Tx,
  of: Of & { readonly accountIds: readonly string[] },
): Promise<void> {
  await sql`
    delete from account_group_member
    where org_id = ${of.orgId} and group_id = ${of.id}
      and account_id = any(${of.accountIds.filter(isId)}::uuid[])
  `.execute(tx);
}

/** Removes who is not among these. */
export async function keepMembers(
  tx: Tx,
  of: Of & { readonly accountIds: readonly string[] },
): Promise<void> {
  await sql`
    delete from account_group_member
    where org_id = ${of.orgId} and group_id = ${of.id}
      and account_id <> all(${of.accountIds.filter(isId)}::uuid[])
  `.execute(tx);
}

/** With it go its memberships and the roles that it gave. */
export async function deleteGroup(tx: Tx, { orgId, id }: Of): Promise<void> {
  await sql`
    delete from role_assignment
    where org_id = ${orgId} and subject_kind = 'group' and subject_id = ${id}
  `.execute(tx);
  await sql`delete from account_group where org_id = ${orgId} and id = ${id}`.execute(tx);
  await sql`delete from scim_change where org_id = ${orgId} and id = ${id}`.execute(tx);
}
