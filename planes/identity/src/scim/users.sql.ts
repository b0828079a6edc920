import { type Executor, sql, type Statement, type Tx } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

import { isId } from '../organization.ts';
import type { Narrowed } from './narrow-filter.ts';
import type { UserRow } from './present.ts';
import type { StoredUser } from './settle-user.ts';

// Functions: a fragment is made anew for each statement that it is part of.
const columns = (): Statement<unknown> => sql`
  a.id, a.email, a.name, a.external_id as "externalId", a.active, a.created_at as "createdAt",
  coalesce(c.changed_at, a.created_at) as "changedAt", s.user_name as "userName", s.attributes,
  coalesce((
    select json_agg(json_build_object('id', g.id, 'name', g.name) order by g.name)
    from account_group_member m join account_group g on g.org_id = m.org_id and g.id = m.group_id
    where m.org_id = a.org_id and m.account_id = a.id), '[]'::json) as groups`;

const joined = (): Statement<unknown> => sql`
  account a
  left join scim_user s on s.org_id = a.org_id and s.account_id = a.id
  left join scim_change c on c.org_id = a.org_id and c.id = a.id`;

interface Of {
  readonly orgId: OrganizationId;
  readonly id: string;
}

export interface Slice {
  readonly offset: number;
  readonly limit: number;
}

function conditions(
  orgId: OrganizationId,
  { id, userName, externalId }: Narrowed,
): Statement<unknown> {
  // S4
  const all = [
    sql`a.org_id = ${orgId} and not exists (
      select from scim_user d where d.account_id = a.id and d.deleted_at is not null)`,
  ];
  if (id !== undefined) all.push(isId(id) ? sql`a.id = ${id}` : sql`false`);
  if (externalId !== undefined) all.push(sql`a.external_id = ${externalId}`);
  if (userName !== undefined) {
    // Whoever SCIM has not touched is known by the address.
    all.push(sql`a.id in (
      select u.account_id from scim_user u
      where u.org_id = ${orgId} and lower(u.user_name) = lower(${userName})
        and u.deleted_at is null
      union all
      select b.id from account b
      where b.org_id = ${orgId} and b.email = lower(${userName})
        and not exists (select from scim_user v where v.account_id = b.id))`);
  }
  return sql.join(all, ' and ');
}

export async function listUsers(
  tx: Executor,
  of: { readonly orgId: OrganizationId; readonly narrowed: Narrowed; readonly slice: Slice },
): Promise<UserRow[]> {
  const { rows } = await sql<UserRow>`
    select ${columns()} from ${joined()}
    where ${conditions(of.orgId, of.narrowed)}
    order by a.id offset ${of.slice.offset} limit ${of.slice.limit}
  `.execute(tx);
  return rows;
}

export async function countUsers(
  tx: Executor,
  of: { readonly orgId: OrganizationId; readonly narrowed: Narrowed },
): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from account a where ${conditions(of.orgId, of.narrowed)}
  `.execute(tx);
  return rows[0]?.count ?? 0;
}

/** Null: there is none in this organization. */
export async function readUser(
  tx: Executor,
  of: { readonly orgId: OrganizationId; readonly id: string; readonly forUpdate?: boolean },
): Promise<UserRow | null> {
  if (!isId(of.id)) return null;
  if (of.forUpdate === true) {
    // Two changes of one user do not undo each other.
    await sql`
      select 1 from account where org_id = ${of.orgId} and id = ${of.id} for update
    `.execute(tx);
  }
  const { rows } = await sql<UserRow>`
    select ${columns()} from ${joined()} where a.org_id = ${of.orgId} and a.id = ${of.id} and s.deleted_at is null  -- S4
  `.execute(tx);
  return rows[0] ?? null;
}

/** A unique violation says that somebody has the address or the userName. */
export async function insertUser(
  tx: Tx,
  {
    orgId,
    id,
    user,
  }: { readonly orgId: OrganizationId; readonly id: string; readonly user: StoredUser },
): Promise<void> {
  await sql`
    insert into account (id, org_id, email, name, source, external_id, active, deactivated_at)
    values (${id}, ${orgId}, ${user.email}, ${user.name}, 'scim', ${user.externalId}, ${user.active},
            case when not ${user.active}::boolean then app_now() end)
  `.execute(tx);
  await writeAttributes(tx, { orgId, id, user });
}

export async function updateUser(
  tx: Tx,
  {
    orgId,
    id,
    user,
  }: { readonly orgId: OrganizationId; readonly id: string; readonly user: StoredUser },
): Promise<void> {
  await sql`
    update account
    set email = ${user.email}, name = ${user.name}, external_id = ${user.externalId},
        active = ${user.active},
        deactivated_at = case when not ${user.active}::boolean
                              then coalesce(deactivated_at, app_now()) end
    where org_id = ${orgId} and id = ${id}
  `.execute(tx);
  await writeAttributes(tx, { orgId, id, user });
  await sql`
    insert into scim_change (id, org_id, changed_at) values (${id}, ${orgId}, app_now())
    on conflict (id) do update set changed_at = excluded.changed_at
  `.execute(tx);
}

async function writeAttributes(
  tx: Tx,
  {
    orgId,
    id,
    user,
  }: { readonly orgId: OrganizationId; readonly id: string; readonly user: StoredUser },
): Promise<void> {
  await sql`
    insert into scim_user (account_id, org_id, user_name, attributes)
    values (${id}, ${orgId}, ${user.userName}, ${JSON.stringify(user.attributes)}::jsonb)
    on conflict (account_id) do update
      set user_name = excluded.user_name, attributes = excluded.attributes
  `.execute(tx);
}

/**
 * S4. The account stays, deactivated: the audit log names it, and whoever was joined to it at a provider does
 * not come back as somebody new. What it was in and had is gone, and no client of SCIM sees it any more.
 */
export async function deleteUser(tx: Tx, { orgId, id }: Of): Promise<void> {
  await sql`
    delete from role_assignment where org_id = ${orgId} and account_id = ${id}
  `.execute(tx);
  await sql`
    delete from account_group_member where org_id = ${orgId} and account_id = ${id}
  `.execute(tx);
  await sql`
    update account
    set active = false, deactivated_at = coalesce(deactivated_at, app_now())
    where org_id = ${orgId} and id = ${id}
  `.execute(tx);
  await sql`
    insert into scim_user (account_id, org_id, user_name, attributes, deleted_at)
    select id, org_id, email, '{}'::jsonb, app_now() from account
    where org_id = ${orgId} and id = ${id}
    on conflict (account_id) do update set attributes = '{}'::jsonb, deleted_at = app_now()
  `.execute(tx);
}

/**
 * S4. The account of this address, or of this externalId, is seen again if it was deleted: it is the same
 * person's. Null: none was.
 */
export async function reviveUser(
  tx: Tx,
  { orgId, user }: { readonly orgId: OrganizationId; readonly user: StoredUser },
): Promise<string | null> {
  // Whoever is second waits for the first, and finds it no longer deleted.
  const { rows } = await sql<{ id: string }>`
    update scim_user set deleted_at = null, user_name = ${user.userName}
    where org_id = ${orgId} and deleted_at is not null
      and account_id = (
        select a.id from account a join scim_user d on d.account_id = a.id
        where a.org_id = ${orgId} and d.deleted_at is not null
          and (a.email = ${user.email} or (a.source = 'scim' and a.external_id = ${user.externalId}))
        order by a.email = ${user.email} desc limit 1)
    returning account_id as id
  `.execute(tx);
  const [revived] = rows;
  if (revived === undefined) return null;
  await sql`
    update account set source = 'scim' where org_id = ${orgId} and id = ${revived.id}
  `.execute(tx);
  await updateUser(tx, { orgId, id: revived.id, user });
  return revived.id;
}
