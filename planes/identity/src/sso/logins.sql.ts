import { sql, type Tx } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

/** A sign-in that is on its way: between sending the browser off and its return. */
export interface LoginUnderWay {
  readonly connectionId: string;
  readonly orgId: OrganizationId;
  /** SHA-256 of what the browser alone has: nobody else's browser can end this sign-in. */
  readonly browserHash: Buffer;
  /** Nonce and verifier. */
  readonly sealed: string;
  readonly redirectUri: string;
  readonly returnTo: string;
  readonly cliPort: number | null;
  readonly cliChallenge: string | null;
}

/** Also forgets those of the organization whose time is over. */
export async function insertLogin(
  tx: Tx,
  login: LoginUnderWay & { readonly stateHash: Buffer; readonly ttlMs: number },
): Promise<void> {
  await sql`
    delete from oidc_login where org_id = ${login.orgId} and expires_at <= app_now()
  `.execute(tx);
  await sql`
    insert into oidc_login (state_hash, org_id, connection_id, browser_hash, sealed, redirect_uri,
      return_to, cli_port, cli_challenge, expires_at)
    values (${login.stateHash}, ${login.orgId}, ${login.connectionId}, ${login.browserHash},
      ${login.sealed}, ${login.redirectUri}, ${login.returnTo}, ${login.cliPort},
      ${login.cliChallenge}, app_now() + ${login.ttlMs}::float8 * interval '1 millisecond')
  `.execute(tx);
}

/** O4. Ends the wait for this state; whoever comes second with it, or too late, finds nothing. */
export async function takeLogin(
  tx: Tx,
  of: {
    readonly orgId: OrganizationId;
    readonly connectionId: string;
    readonly stateHash: Buffer;
    readonly browserHash: Buffer;
  },
): Promise<LoginUnderWay | null> {
  const { rows } = await sql<LoginUnderWay>`
    delete from oidc_login
    where org_id = ${of.orgId} and connection_id = ${of.connectionId}
      and state_hash = ${of.stateHash} and browser_hash = ${of.browserHash}
      and expires_at > app_now()  -- O4
    returning connection_id as "connectionId", org_id as "orgId", browser_hash as "browserHash",
      sealed, redirect_uri as "redirectUri", return_to as "returnTo", cli_port as "cliPort",
      cli_challenge as "cliChallenge"
  `.execute(tx);
  return rows[0] ?? null;
}
