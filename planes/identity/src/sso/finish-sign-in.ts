import { randomBytes } from 'node:crypto';

import { hashToken, newId, seal, type SealingKey } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { implementStream, type RequestHead, type Route, SAFETY_HEADERS } from '@sagewai/http';
import { type Db, inTenant, type Tx } from '@sagewai/postgres';
import { appendAudit } from '@sagewai/trust';
import { finishSsoSignIn, type ProblemCode } from '@sagewai/wire';

import { registerCredential } from '../credentials.sql.ts';
import type { SessionSettings } from '../sessions/session.ts';
import { completeSignIn, type CompletedSignIn } from './complete-sign-in.ts';
import type { OidcConnection } from './connection.ts';
import { type LoginUnderWay, takeLogin } from './logins.sql.ts';
import { makeSession } from './make-session.ts';
import type { OidcParty } from './oidc-client.ts';
import { pageLeadingTo } from './page-leading-to.ts';
import { readClaims } from './read-claims.ts';
import { readCookie } from './read-return.ts';
import { insertHandover } from './sessions.sql.ts';
import {
  baseOf,
  browserCookie,
  findEnabled,
  openChecks,
  type SignInOptions,
} from './start-sign-in.ts';

export interface FinishOptions extends SignInOptions {
  readonly sessions: SessionSettings;
  /** How long a command line may take to come for its session. */
  readonly handoverTtlMs: number;
}

export const HANDOVER_KIND = 'oidc_handover';
export const idTokenContext = (accountId: string): string => `oidc-id-token/${accountId}`;

type SignedIn = Extract<CompletedSignIn, { kind: 'signed_in' }>;

export function finishRoute(of: FinishOptions): Route {
  return implementStream(finishSsoSignIn, async ({ params, request, reply }) => {
    const { connection, party } = await findEnabled(of, params.connection);
    const { login, checks, url } = await takeSignIn(of, connection, request);
    const cli = login.cliPort === null ? null : { port: login.cliPort };
    const redirect = (location: string): void => {
      reply.writeHead(302, { ...SAFETY_HEADERS, location });
      reply.end();
    };
    const done = await signIn(of, { connection, party, url, checks, request });
    if (done.kind === 'refused') {
      await record(of.db, { connection, request, refusal: done.why });
      if (cli !== null) {
        redirect(`http://127.0.0.1:${cli.port}/?error=${encodeURIComponent(done.why)}`);
        return;
      }
      throw new Fault('caller.forbidden', `sign-in refused: ${done.why}`, {
        detail: `You could not be signed in: ${done.why}.`,
      });
    }
    const { signedIn, idToken } = done;
    if (cli !== null && login.cliChallenge !== null) {
      const challenge = login.cliChallenge;
      const code = await handOver(of, { connection, signedIn, idToken, challenge });
      redirect(`http://127.0.0.1:${cli.port}/?code=${code}`);
      return;
    }
    const { accountId } = signedIn;
    const session = await inTenant(of.db, [connection.orgId], (tx) =>
      makeSession(tx, {
        orgId: connection.orgId,
        connectionId: connection.id,
        accountId,
        idToken: sealIdToken(of.sealing, accountId, idToken),
        request,
        isSecure: baseOf(of, request).startsWith('https:'),
        settings: of.sessions,
      }),
    );
    reply.writeHead(200, {
      ...SAFETY_HEADERS,
      'content-type': 'text/html; charset=utf-8',
      'set-cookie': session.cookie,
    });
    reply.end(pageLeadingTo(login.returnTo)); // O7
  });
}

/** O4. The sign-in that this browser began with this state, once. */
async function takeSignIn(
  of: SignInOptions,
  connection: OidcConnection,
  request: RequestHead,
): Promise<{ login: LoginUnderWay; checks: ReturnType<typeof openChecks>; url: URL }> {
  const url = new URL(request.url, 'http://here.invalid');
  const state = url.searchParams.get('state') ?? '';
  const cookie = browserCookie(baseOf(of, request));
  const browser = readCookie(request.headers.cookie, cookie.name) ?? '';
  const login = await inTenant(of.db, [connection.orgId], (tx) =>
    takeLogin(tx, {
      orgId: connection.orgId,
      connectionId: connection.id,
      stateHash: hashToken(state),
      browserHash: hashToken(browser),
    }),
  );
  if (login === null) {
    throw new Fault('caller.forbidden', 'no sign-in of this browser is under way', {
      detail:
        'This sign-in was not begun in this browser, has ended already, or took too long. Begin again.',
    });
  }
  const back = new URL(login.redirectUri);
  back.search = url.search;
  return { login, checks: openChecks(of.sealing, login.sealed, state), url: back };
}

type Done =
  | { readonly kind: 'signed_in'; readonly signedIn: SignedIn; readonly idToken: string }
  | { readonly kind: 'refused'; readonly why: string };

async function signIn(
  of: FinishOptions,
  at: {
    readonly connection: OidcConnection;
    readonly party: OidcParty;
    readonly url: URL;
    readonly checks: ReturnType<typeof openChecks>;
    readonly request: RequestHead;
  },
): Promise<Done> {
  const { connection, request } = at;
  const answer = await of.client.exchange(at.party, at.url, at.checks);
  if (answer.kind === 'refused') return answer;
  const read = readClaims(answer.claims, connection.claims);
  if (read.kind === 'refused') return read;
  for (let attempt = 0; attempt < 3; attempt += 1) {
    try {
      const completed = await inTenant(of.db, [connection.orgId], async (tx) => {
        const done = await completeSignIn(tx, connection, read.who);
        // Whatever was written goes back with the transaction.
        if (done.kind === 'raced') throw new Raced();
        if (done.kind === 'signed_in') await recordIn(tx, { connection, request, signedIn: done });
        return done;
      });
      if (completed.kind === 'refused') return completed;
      return { kind: 'signed_in', signedIn: completed, idToken: answer.idToken };
    } catch (thrown) {
      if (!(thrown instanceof Raced)) throw thrown;
    }
  }
  throw new Fault('service.busy', 'sign-ins of one person raced', { retryAfterMs: 1_000 });
}

class Raced extends Error {}

const sealIdToken = (
  sealing: readonly [SealingKey, ...SealingKey[]],
  accountId: string,
  idToken: string,
): string => seal(sealing[0], idToken, idTokenContext(accountId));

async function handOver(
  of: FinishOptions,
  at: {
    readonly connection: OidcConnection;
    readonly signedIn: SignedIn;
    readonly idToken: string;
    readonly challenge: string;
  },
): Promise<string> {
  const { connection, signedIn, idToken, challenge } = at;
  const { orgId } = connection;
  const { accountId } = signedIn;
  const code = randomBytes(32).toString('base64url');
  const id = newId<string>();
  await inTenant(of.db, [orgId], async (tx) => {
    await insertHandover(tx, {
      id,
      orgId,
      connectionId: connection.id,
      accountId,
      challenge,
      idToken: sealIdToken(of.sealing, accountId, idToken),
      ttlMs: of.handoverTtlMs,
    });
    await registerCredential(tx, { hash: hashToken(code), kind: HANDOVER_KIND, id, orgId });
  });
  return code;
}

interface Recorded {
  readonly connection: OidcConnection;
  readonly request: RequestHead;
}

/** In the transaction that lets somebody in. */
function recordIn(
  tx: Tx,
  { connection, request, signedIn }: Recorded & { readonly signedIn: SignedIn },
): Promise<unknown> {
  const { accountId, how, given, taken, email } = signedIn;
  return append(tx, {
    connection,
    request,
    actor: `account:${accountId}`,
    outcome: 'ok',
    details: { email, how, roles_given: given.join(' '), roles_taken: taken.join(' ') },
  });
}

function record(
  db: Db,
  { connection, request, refusal }: Recorded & { readonly refusal: string },
): Promise<unknown> {
  return inTenant(db, [connection.orgId], (tx) =>
    append(tx, {
      connection,
      request,
      actor: 'anonymous',
      outcome: 'caller.forbidden',
      details: { why: refusal },
    }),
  );
}

const append = (
  tx: Tx,
  of: Recorded & {
    readonly actor: string;
    readonly outcome: 'ok' | ProblemCode;
    readonly details: Readonly<Record<string, string>>;
  },
): Promise<unknown> =>
  appendAudit(tx, {
    orgId: of.connection.orgId,
    actor: of.actor,
    action: finishSsoSignIn.id,
    subject: `sso_connection:${of.connection.id}`,
    outcome: of.outcome,
    requestId: of.request.id,
    details: of.details,
  });
