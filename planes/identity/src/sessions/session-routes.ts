import { Fault } from '@sagewai/fault';
import { found, implement, implementOwn, type OwnInput, type Route } from '@sagewai/http';
import { inTenant, type Tx } from '@sagewai/postgres';
import { appendAudit, nameActor } from '@sagewai/trust';
import {
  type AccountId,
  endAccountSessions,
  endOwnSession,
  listAccountSessions,
  listOwnSessions,
  reauthenticate,
  signOut,
} from '@sagewai/wire';

import { findAccount } from '../accounts/accounts.sql.ts';
import { readPassword } from '../accounts/passwords.sql.ts';
import { lockTotp } from '../accounts/totp.sql.ts';
import { provePasskey } from '../passkeys/prove-passkey.ts';
import { demandToGive } from '../roles/demand-to-give.ts';
import { readGrantsAnywhere } from '../roles/read-grants.ts';
import { readChallenge } from '../sign-in/challenge.ts';
import { failSignIn } from '../sign-in/fail-sign-in.ts';
import { handOver, isSecure } from '../sign-in/finish-sign-in.ts';
import { useCode } from '../sign-in/second-factor.ts';
import type { SignInParts } from '../sign-in/sign-in.ts';
import { clearCookie } from './cookie.ts';
import { rotateValue } from './create-login-session.ts';
import { endSession, endSessionsOf, freshenSession, listSessions } from './login-sessions.sql.ts';
import { type SessionDetail, sessionOf } from './session-reader.ts';
import type { LoginSession, SessionId } from './session.ts';

export function sessionRoutes(parts: SignInParts): Route[] {
  const { db, settings, sessions, meters } = parts;
  const { idleMs } = settings.sessions;
  const forget = (tx: Tx, accountId: AccountId, reason: string): void =>
    tx.onCommit(() => {
      sessions.forget(accountId);
      meters.sessionsEnded.add({ reason });
    });
  return [
    implement(signOut, async ({ tx, caller, request, setHeader, audit }) => {
      const { sessionId, accountId } = sessionOf(caller);
      await endSession(tx, { id: sessionId, by: nameActor(caller) });
      forget(tx, accountId, 'sign_out');
      setHeader('set-cookie', clearCookie(isSecure(request, settings)));
      audit.about(`login_session:${sessionId}`);
      return { session_id: sessionId };
    }),

    implementOwn(reauthenticate, async ({ caller, body, request, setHeader }) => {
      const own = sessionOf(caller);
      const { orgId, accountId, sessionId } = own;
      await parts.throttle.admit({ orgId, email: accountId, address: request.ip });
      const why = await proveAgain(parts, own, body, request);
      if (why !== null) {
        meters.attempts.add({ method: 'reauthenticate', outcome: 'wrong' });
        return failSignIn(db, { orgId, accountId, why, request, detail: 'That was not right.' });
      }
      meters.attempts.add({ method: 'reauthenticate', outcome: 'ok' });
      const { session, value } = await inTenant(db, [orgId], async (tx) => {
        const listed = await listSessions(tx, { accountId, idleMs });
        const current = found(
          listed.find(({ id }) => id === sessionId) ?? null,
          'The session is over.',
        );
        await freshenSession(tx, sessionId);
        await parts.throttle.clear(tx, { orgId, email: accountId, address: request.ip });
        await appendAudit(tx, {
          orgId,
          actor: nameActor(caller),
          action: reauthenticate.id,
          subject: `login_session:${sessionId}`,
          outcome: 'ok',
          requestId: request.id,
          details: {},
        });
        tx.onCommit(() => sessions.forget(accountId));
        return { session: current, value: await rotateValue(tx, { id: sessionId, orgId }) };
      });
      return handOver({ request, setHeader }, parts, {
        orgId,
        session,
        value,
        deliver: body.deliver,
      });
    }),

    implement(listOwnSessions, async ({ tx, caller }) => {
      const { accountId, sessionId } = sessionOf(caller);
      const listed = await listSessions(tx, { accountId, idleMs });
      return { sessions: listed.map((session) => toWire(session, sessionId)) };
    }),

    implement(endOwnSession, async ({ tx, caller, params, audit }) => {
      const { accountId } = sessionOf(caller);
      const id = params.session_id as SessionId;
      const own = await listSessions(tx, { accountId, idleMs });
      found(
        own.find((session) => session.id === id) ?? null,
        `There is no session ${id} of yours.`,
      );
      const ended = await endSession(tx, { id, by: nameActor(caller) });
      forget(tx, accountId, 'ended_by_owner');
      audit.about(`login_session:${id}`);
      return { ended: ended === null ? 0 : 1 };
    }),

    implement(listAccountSessions, async ({ tx, orgId, params }) => {
      const id = params.account_id as AccountId;
      found(await findAccount(tx, { orgId, id }), `There is no account ${id}.`);
      const listed = await listSessions(tx, { accountId: id, idleMs });
      return { sessions: listed.map((session) => toWire(session, null)) };
    }),

    implement(endAccountSessions, async ({ tx, orgId, params, caller, audit }) => {
      const id = params.account_id as AccountId;
      found(await findAccount(tx, { orgId, id }), `There is no account ${id}.`);
      const subject = { kind: 'account', id } as const;
      demandToGive(caller, await readGrantsAnywhere(tx, { orgId, subject })); // I12
      const ended = await endSessionsOf(tx, { accountId: id, by: nameActor(caller) });
      forget(tx, id, 'ended_by_administrator');
      audit.about(`account:${id}`, { ended: ended.length });
      return { ended: ended.length };
    }),
  ];
}

interface Proof {
  readonly password?: string;
  readonly code?: string;
  readonly passkey?: {
    readonly challenge: string;
    readonly credential: Parameters<typeof provePasskey>[1];
  };
}

/** Null when it is the same person; else what was wrong. An app that is on is asked for as well. */
async function proveAgain(
  parts: SignInParts,
  { orgId, accountId }: SessionDetail,
  proof: Proof,
  request: OwnInput['request'],
): Promise<string | null> {
  const { db, clock, challengeKey, settings, passwords } = parts;
  const { passkey, password, code } = proof;
  if (passkey !== undefined) {
    const challenge = readChallenge(passkey.challenge, {
      purpose: 'passkey-sign-in',
      key: challengeKey,
      now: clock.now(),
    });
    if (challenge.orgId !== orgId) return 'challenge';
    const proved = await inTenant(db, [orgId], (tx) =>
      provePasskey(tx, passkey.credential, { challenge, request, publicUrl: settings.publicUrl }),
    );
    return proved.kind === 'proved' && proved.accountId === accountId ? null : 'passkey';
  }
  if (password === undefined) {
    throw new Fault('request.invalid', 'no proof was given', {
      detail: 'Give the password (and a code, if an app is on), or a passkey.',
    });
  }
  const kept = await inTenant(db, [orgId], (tx) => readPassword(tx, accountId));
  const match = await passwords.match(password, kept?.hash ?? null);
  if (match.kind === 'wrong') return 'password';
  return inTenant(db, [orgId], async (tx) => {
    const totp = await lockTotp(tx, accountId);
    if (totp?.confirmedAt == null) return null;
    const matched = await useCode(tx, { orgId, accountId, code: code ?? '' }, parts);
    return matched === 'wrong' ? 'code' : null;
  });
}

const toWire = (session: LoginSession, current: SessionId | null) => ({
  id: session.id,
  account_id: session.accountId,
  method: session.method,
  created_at: session.createdAt.toISOString(),
  last_seen_at: session.lastSeenAt.toISOString(),
  expires_at: session.expiresAt.toISOString(),
  address: session.address,
  user_agent: session.userAgent,
  is_current: session.id === current,
});
