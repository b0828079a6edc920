import { type Executor, sql, type Statement, type Tx } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

import { isId } from '../organization.ts';
import type { OidcConnection } from './connection.ts';

// A function: a fragment is made anew for each statement that it is part of.
const columns = (): Statement<unknown> => sql`
  id, org_id as "orgId", name, issuer, client_id as "clientId", client_secret as "clientSecret",
  client_authentication as "clientAuthentication", scopes, email_domains as "emailDomains", claims,
  group_roles as "groupRoles", provisioning, enforced, enabled, created_by as "createdBy",
  created_at as "createdAt", changed_at as "changedAt"`;

export type NewConnection = Omit<OidcConnection, 'createdAt' | 'changedAt'>;

/** Null: the name is taken. */
export async function insertConnection(tx: Tx, of: NewConnection): Promise<OidcConnection | null> {
  const { rows } = await sql<OidcConnection>`
    insert into oidc_connection (id, org_id, name, issuer, client_id, client_secret,
      client_authentication, scopes, email_domains, claims, group_roles, provisioning, enforced,
      enabled, created_by)
    values (${of.id}, ${of.orgId}, ${of.name}, ${of.issuer}, ${of.clientId}, ${of.clientSecret},
      ${of.clientAuthentication}, ${of.scopes}, ${of.emailDomains}, ${JSON.stringify(of.claims)}::jsonb,
      ${JSON.stringify(of.groupRoles)}::jsonb, ${of.provisioning}, ${of.enforced}, ${of.enabled},
      ${of.createdBy})
    on conflict do nothing
    returning ${columns()}
  `.execute(tx);
  return rows[0] ?? null;
}

/** Writes every setting; null: the name is taken by another. */
export async function updateConnection(tx: Tx, of: NewConnection): Promise<OidcConnection | null> {
  const { rows } = await sql<OidcConnection>`
    update oidc_connection c
    set name = ${of.name}, issuer = ${of.issuer}, client_id = ${of.clientId},
        client_secret = ${of.clientSecret}, client_authentication = ${of.clientAuthentication},
        scopes = ${of.scopes}, email_domains = ${of.emailDomains},
        claims = ${JSON.stringify(of.claims)}::jsonb,
        group_roles = ${JSON.stringify(of.groupRoles)}::jsonb, provisioning = ${of.provisioning},
        enforced = ${of.enforced}, enabled = ${of.enabled}, changed_at = app_now()
    where org_id = ${of.orgId} and id = ${of.id}
      and not exists (
        select from oidc_connection other
        where other.org_id = ${of.orgId} and other.id <> ${of.id}
          and lower(other.name) = lower(${of.name}))
    returning ${columns()}
  `.execute(tx);
  return rows[0] ?? null;
}

export async function findConnection(
  tx: Executor,
  orgId: OrganizationId,
  nameOrId: string,
): Promise<OidcConnection | null> {
  const named = isId(nameOrId) ? sql`id = ${nameOrId}` : sql`lower(name) = lower(${nameOrId})`;
  const { rows } = await sql<OidcConnection>`
    select ${columns()} from oidc_connection where org_id = ${orgId} and ${named}
  `.execute(tx);
  return rows[0] ?? null;
}

/** The same, held until the end of the transaction: two changes do not undo each other. */
export async function lockConnection(
  tx: Tx,
  orgId: OrganizationId,
  nameOrId: string,
): Promise<OidcConnection | null> {
  const found = await findConnection(tx, orgId, nameOrId);
  if (found === null) return null;
  const { rows } = await sql<OidcConnection>`
    select ${columns()} from oidc_connection
    where org_id = ${orgId} and id = ${found.id} for update
  `.execute(tx);
  return rows[0] ?? null;
}

export async function listConnections(
  tx: Executor,
  orgId: OrganizationId,
): Promise<OidcConnection[]> {
  const { rows } = await sql<OidcConnection>`
    select ${columns()} from oidc_connection where org_id = ${orgId} order by id
  `.execute(tx);
  return rows;
}

export async function deleteConnection(
  tx: Tx,
  { orgId, id }: { readonly orgId: OrganizationId; readonly id: string },
): Promise<void> {
  await sql`delete from oidc_connection where org_id = ${orgId} and id = ${id}`.execute(tx);
}

/** Which of these are no custom role of the organization. */
export async function listMissingRoles(
  tx: Executor,
  { orgId, names }: { readonly orgId: OrganizationId; readonly names: readonly string[] },
): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select name from unnest(${names}::text[]) as asked (name)
    where not exists (select from role where org_id = ${orgId} and role.name = asked.name)
  `.execute(tx);
  return rows.map(({ name }) => name);
}

/** O5. Whether passwords are refused in this organization, because people sign in elsewhere. */
export async function isSsoEnforced(tx: Executor, orgId: OrganizationId): Promise<boolean> {
  const { rows } = await sql<{ enforced: boolean }>`
    select exists (
      select from oidc_connection where org_id = ${orgId} and enforced and enabled
    ) as enforced
  `.execute(tx);
  return rows[0]?.enforced === true;
}
