import { randomBytes } from 'node:crypto';

import { hashToken, open, seal, type SealingKey } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { implementStream, type RequestHead, type Route, SAFETY_HEADERS } from '@sagewai/http';
import { type Db, inTenant } from '@sagewai/postgres';
import { startSsoSignIn } from '@sagewai/wire';

import { findCredential } from '../credentials.sql.ts';
import { baseUrl } from './base-url.ts';
import { connectionKey, CONNECTION_KIND, openSecret } from './connection-key.ts';
import { callbackPath } from './connection-routes.ts';
import type { OidcConnection } from './connection.ts';
import { findConnection } from './connections.sql.ts';
import { insertLogin } from './logins.sql.ts';
import type { LoginChecks, OidcClient, OidcParty } from './oidc-client.ts';
import { readCookie, readReturn } from './read-return.ts';

export interface SignInOptions {
  readonly db: Db;
  readonly client: OidcClient;
  readonly sealing: readonly [SealingKey, ...SealingKey[]];
  readonly publicUrl: string | null;
  /** Whether this server itself serves HTTPS. */
  readonly isSecure: boolean;
  /** How long somebody may take at the provider. */
  readonly loginTtlMs: number;
  /** Starts for each address and minute: each is a row. */
  readonly admit: (address: string) => boolean;
}

export const baseOf = (
  { publicUrl, isSecure }: Pick<SignInOptions, 'publicUrl' | 'isSecure'>,
  { headers }: RequestHead,
): string => baseUrl(publicUrl, { host: headers.host, isSecure });

/** O4. The value that ties a sign-in to the browser that began it. */
export function browserCookie(base: string): { readonly name: string; readonly rest: string } {
  return base.startsWith('https:')
    ? { name: '__Host-sagewai_oidc', rest: 'Path=/; HttpOnly; Secure; SameSite=Lax' }
    : { name: 'sagewai_oidc', rest: 'Path=/; HttpOnly; SameSite=Lax' };
}

const VALUE = /^[\w-]{43}$/;
const random = (): string => randomBytes(32).toString('base64url');

export function startRoute(of: SignInOptions): Route {
  return implementStream(startSsoSignIn, async ({ params, query, request, reply }) => {
    if (!of.admit(request.ip)) {
      throw new Fault('rate.exceeded', 'too many sign-ins are begun', { retryAfterMs: 60_000 });
    }
    const { party, connection } = await findEnabled(of, params.connection);
    const { cli_port: cliPort, cli_challenge: cliChallenge } = query;
    if ((cliPort === undefined) !== (cliChallenge === undefined)) {
      throw new Fault('request.invalid', 'half of a command line', {
        detail: 'cli_port and cli_challenge belong together.',
      });
    }
    const base = baseOf(of, request);
    const cookie = browserCookie(base);
    const known = readCookie(request.headers.cookie, cookie.name);
    // One browser may have several sign-ins on their way.
    const browser = known !== null && VALUE.test(known) ? known : random();
    const checks: LoginChecks = { state: random(), nonce: random(), verifier: random() };
    const redirectUri = `${base}${callbackPath(connection.id)}`;
    const url = await of.client.authorizationUrl(party, {
      ...checks,
      redirectUri,
      scopes: connection.scopes,
    });
    await inTenant(of.db, [connection.orgId], (tx) =>
      insertLogin(tx, {
        orgId: connection.orgId,
        connectionId: connection.id,
        stateHash: hashToken(checks.state),
        browserHash: hashToken(browser),
        sealed: sealChecks(of.sealing, checks),
        redirectUri,
        returnTo: readReturn(query.return_to),
        cliPort: cliPort ?? null,
        cliChallenge: cliChallenge ?? null,
        ttlMs: of.loginTtlMs,
      }),
    );
    reply.writeHead(302, {
      ...SAFETY_HEADERS,
      location: url.href,
      'set-cookie': `${cookie.name}=${browser}; ${cookie.rest}; Max-Age=${Math.ceil(of.loginTtlMs / 1_000)}`,
    });
    reply.end();
  });
}

/** A connection by the id that a browser names; what is not enabled is not there. */
export async function findEnabled(
  { db, sealing }: Pick<SignInOptions, 'db' | 'sealing'>,
  id: string,
): Promise<{ readonly connection: OidcConnection; readonly party: OidcParty }> {
  const credential = await findCredential(db, { kind: CONNECTION_KIND, hash: connectionKey(id) });
  const connection =
    credential &&
    (await inTenant(db, [credential.orgId], (tx) => findConnection(tx, credential.orgId, id)));
  if (connection === null || !connection.enabled) {
    throw new Fault('resource.missing', 'no such connection', {
      detail: `There is no connection ${id}.`,
    });
  }
  const clientSecret = openSecret(sealing, connection.id, connection.clientSecret);
  return { connection, party: { ...connection, clientSecret } };
}

const contextOf = (state: string): string => `oidc-login/${hashToken(state).toString('base64url')}`;

function sealChecks(sealing: readonly [SealingKey, ...SealingKey[]], checks: LoginChecks): string {
  const { state, nonce, verifier } = checks;
  return seal(sealing[0], JSON.stringify([nonce, verifier]), contextOf(state));
}

/** What was sealed for this state. */
export function openChecks(
  sealing: readonly SealingKey[],
  sealed: string,
  state: string,
): LoginChecks {
  const opened = open(sealing, sealed, contextOf(state));
  if (opened.kind === 'refused') throw new Error('a login under way does not open');
  const [nonce = '', verifier = ''] = JSON.parse(opened.data.toString('utf8')) as string[];
  return { state, nonce, verifier };
}
