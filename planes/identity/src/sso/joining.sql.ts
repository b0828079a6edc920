import { type Executor, sql, type Tx } from '@sagewai/postgres';
import { isBuiltInRole, type OrganizationId } from '@sagewai/wire';

import type { Candidate, Candidates } from './choose-account.ts';
import type { HeldRole, RoleAt } from './follow-groups.ts';

interface Of {
  readonly orgId: OrganizationId;
  readonly connectionId: string;
}
interface OfAccount extends Of {
  readonly accountId: string;
}

/** The accounts that somebody who signs in may mean. */
export async function findCandidates(
  tx: Executor,
  of: Of & {
    readonly subject: string;
    readonly externalId: string | null;
    readonly email: string | null;
  },
): Promise<Candidates> {
  const { rows } = await sql<Candidate & { by: 'subject' | 'external_id' | 'email' }>`
    select 'subject' as by, a.id, a.active, false as "isTaken"
    from oidc_identity i join account a on a.org_id = i.org_id and a.id = i.account_id
    where i.org_id = ${of.orgId} and i.connection_id = ${of.connectionId}
      and i.subject = ${of.subject}  -- O1
    union all
    select found.by, a.id, a.active,
      exists (select from oidc_identity i
              where i.org_id = a.org_id and i.connection_id = ${of.connectionId}
                and i.account_id = a.id)
    from account a
    cross join lateral (values ('external_id', a.source = 'scim' and a.external_id = ${of.externalId}),
                               ('email', a.email = ${of.email})) as found (by, is_it)
    where a.org_id = ${of.orgId} and found.is_it
  `.execute(tx);
  const by = (wanted: string): Candidate | null => rows.find((each) => each.by === wanted) ?? null;
  return { bySubject: by('subject'), byExternalId: by('external_id'), byEmail: by('email') };
}

/** O1. This subject is that account from now on; false: another sign-in was faster. */
export async function joinIdentity(
  tx: Tx,
  of: OfAccount & { readonly subject: string },
): Promise<boolean> {
  const { rows } = await sql`
    insert into oidc_identity (org_id, connection_id, subject, account_id)
    values (${of.orgId}, ${of.connectionId}, ${of.subject}, ${of.accountId})
    on conflict do nothing
    returning 1
  `.execute(tx);
  return rows.length === 1;
}

/** False: there is an account of this address. */
export async function provisionAccount(
  tx: Tx,
  of: {
    readonly orgId: OrganizationId;
    readonly id: string;
    readonly email: string;
    readonly name: string;
  },
): Promise<boolean> {
  const { rows } = await sql`
    insert into account (id, org_id, email, name, source)
    values (${of.id}, ${of.orgId}, ${of.email}, ${of.name}, 'oidc')
    on conflict do nothing
    returning 1
  `.execute(tx);
  return rows.length === 1;
}

/**
 * It has signed in. The name of an account that sign-ins made follows the provider; its address does when it
 * is given, unless another account has it. Null: it was deactivated in between.
 */
export async function markSignedIn(
  tx: Tx,
  of: {
    readonly orgId: OrganizationId;
    readonly id: string;
    readonly name: string | null;
    readonly email: string | null;
  },
): Promise<{ readonly email: string; readonly name: string } | null> {
  const { rows } = await sql<{ email: string; name: string }>`
    update account a
    set last_login_at = app_now(),
        name = case when a.source = 'oidc' then coalesce(${of.name}, a.name) else a.name end,
        email = case when a.source = 'oidc' and not exists (
                       select from account b where b.org_id = a.org_id and b.email = ${of.email})
                     then coalesce(${of.email}, a.email) else a.email end
    where a.org_id = ${of.orgId} and a.id = ${of.id} and a.active
    returning a.email, a.name
  `.execute(tx);
  return rows[0] ?? null;
}

/** Under which name roles are given by sign-ins of a connection (O2). */
export const giverOf = (connectionId: string): string => `sso:${connectionId}`;

/** O2. What sign-ins of this connection gave. */
export async function listGivenRoles(tx: Tx, of: OfAccount): Promise<HeldRole[]> {
  const { rows } = await sql<HeldRole>`
    select id, role, project_id as "projectId" from role_assignment
    where org_id = ${of.orgId} and subject_kind = 'account' and subject_id = ${of.accountId}
      and created_by = ${giverOf(of.connectionId)}  -- O2
  `.execute(tx);
  return rows;
}

/** What was given by hand already stays given by hand; a custom role that is gone is given to nobody. */
export async function giveRole(
  tx: Tx,
  of: OfAccount & { readonly id: string; readonly role: RoleAt },
): Promise<void> {
  await sql`
    insert into role_assignment (id, org_id, project_id, subject_kind, subject_id, role, created_by)
    select ${of.id}::uuid, ${of.orgId}::uuid, ${of.role.projectId}::uuid, 'account',
           ${of.accountId}::uuid, ${of.role.role}::text, ${giverOf(of.connectionId)}
    where ${isBuiltInRole(of.role.role)}::boolean
       or exists (select from role where org_id = ${of.orgId} and name = ${of.role.role})
    on conflict do nothing
  `.execute(tx);
}

export async function takeRoles(
  tx: Tx,
  { orgId, ids }: { readonly orgId: OrganizationId; readonly ids: readonly string[] },
): Promise<void> {
  await sql`
    delete from role_assignment where org_id = ${orgId} and id = any(${ids}::uuid[])
  `.execute(tx);
}

/** A connection ends, and what its sign-ins gave with it. */
export async function takeRolesOf(tx: Tx, { orgId, connectionId }: Of): Promise<void> {
  await sql`
    delete from role_assignment
    where org_id = ${orgId} and created_by = ${giverOf(connectionId)}
  `.execute(tx);
}
