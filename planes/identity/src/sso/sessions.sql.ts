import { sql, type Tx } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

interface Ended {
  readonly orgId: OrganizationId;
  readonly connectionId: string;
  readonly accountId: string;
  /** Sealed. */
  readonly idToken: string;
}

/** Keeps what the provider has to be shown at sign-out. */
export async function insertOidcSession(
  tx: Tx,
  of: Ended & { readonly sessionId: string },
): Promise<void> {
  await sql`
    insert into oidc_session (session_id, org_id, connection_id, account_id, id_token)
    values (${of.sessionId}, ${of.orgId}, ${of.connectionId}, ${of.accountId}, ${of.idToken})
  `.execute(tx);
}

export async function takeOidcSession(
  tx: Tx,
  { orgId, sessionId }: { readonly orgId: OrganizationId; readonly sessionId: string },
): Promise<Ended | null> {
  const { rows } = await sql<Ended>`
    delete from oidc_session where org_id = ${orgId} and session_id = ${sessionId}
    returning org_id as "orgId", connection_id as "connectionId", account_id as "accountId",
      id_token as "idToken"
  `.execute(tx);
  return rows[0] ?? null;
}

/** Also forgets those of the organization that nobody came for. */
export async function insertHandover(
  tx: Tx,
  of: Ended & { readonly id: string; readonly challenge: string; readonly ttlMs: number },
): Promise<void> {
  await sql`
    with gone as (
      delete from oidc_handover where org_id = ${of.orgId} and expires_at <= app_now() returning id
    )
    delete from credential where kind = 'oidc_handover' and id in (select id from gone)
  `.execute(tx);
  await sql`
    insert into oidc_handover (id, org_id, connection_id, account_id, challenge, id_token, expires_at)
    values (${of.id}, ${of.orgId}, ${of.connectionId}, ${of.accountId}, ${of.challenge}, ${of.idToken},
            app_now() + ${of.ttlMs}::float8 * interval '1 millisecond')
  `.execute(tx);
}

/** O4. Whoever asks ends it, with the right proof or a wrong one. */
export async function takeHandover(
  tx: Tx,
  { orgId, id }: { readonly orgId: OrganizationId; readonly id: string },
): Promise<(Ended & { readonly challenge: string; readonly isInTime: boolean }) | null> {
  const { rows } = await sql<Ended & { challenge: string; isInTime: boolean }>`
    delete from oidc_handover where org_id = ${orgId} and id = ${id}
    returning org_id as "orgId", connection_id as "connectionId", account_id as "accountId",
      id_token as "idToken", challenge, expires_at > app_now() as "isInTime"
  `.execute(tx);
  return rows[0] ?? null;
}
