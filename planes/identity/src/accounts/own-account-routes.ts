import { randomBytes } from 'node:crypto';

import { base32, matchTotp, newTotpSecret, open, seal, totpUri } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { found, implement, implementOwn, type Route } from '@sagewai/http';
import { inTenant, type Tx } from '@sagewai/postgres';
import { appendAudit, nameActor } from '@sagewai/trust';
import {
  type AccountId,
  type acceptInvitation,
  beginTotp,
  changePassword,
  confirmTotp,
  getOwnAccount,
  type OrganizationId,
  type OutputOf,
  removeTotp,
  renewRecoveryCodes,
} from '@sagewai/wire';

import { readOrganizations } from '../organizations.sql.ts';
import { toWire as passkeyToWire } from '../passkeys/passkey-routes.ts';
import { listPasskeys } from '../passkeys/passkeys.sql.ts';
import { rotateValue } from '../sessions/create-login-session.ts';
import { endSessionsOf, listSessions } from '../sessions/login-sessions.sql.ts';
import { sessionOf } from '../sessions/session-reader.ts';
import { handOver } from '../sign-in/finish-sign-in.ts';
import { hashRecoveryCode, totpContext } from '../sign-in/second-factor.ts';
import type { SignInParts } from '../sign-in/sign-in.ts';
import type { Account } from './account.ts';
import { findAccount } from './accounts.sql.ts';
import { demandPassword } from './demand-password.ts';
import { readPassword, setPassword } from './passwords.sql.ts';
import {
  beginTotp as keepTotp,
  countRecoveryCodes,
  lockTotp,
  noteTotpStep,
  removeTotp as dropTotp,
  replaceRecoveryCodes,
} from './totp.sql.ts';

/** What somebody does with their own account. */
export function ownAccountRoutes(parts: SignInParts): Route[] {
  const { db, clock, settings, sessions, passwords, totpKeys } = parts;
  return [
    implement(getOwnAccount, async ({ tx, caller }) => {
      const { accountId, orgId } = sessionOf(caller);
      const account = await readOwn(tx, orgId, accountId);
      const password = await readPassword(tx, accountId);
      const totp = await lockTotp(tx, accountId);
      return {
        ...accountToWire(account),
        password_changed_at: password?.changedAt.toISOString() ?? null,
        has_totp: totp?.confirmedAt != null,
        recovery_codes_left: await countRecoveryCodes(tx, accountId),
        passkeys: (await listPasskeys(tx, accountId)).map(passkeyToWire),
      };
    }),

    implementOwn(changePassword, async ({ caller, body, request, setHeader }) => {
      const { orgId, accountId, sessionId } = sessionOf(caller);
      const account = await inTenant(db, [orgId], (tx) => readOwn(tx, orgId, accountId));
      demandPassword(body.password, account);
      const hash = await passwords.hash(body.password);
      const made = await inTenant(db, [orgId], async (tx) => {
        await setPassword(tx, { orgId, accountId, hash });
        const by = nameActor(caller);
        const ended = await endSessionsOf(tx, { accountId, by, except: sessionId });
        const listed = await listSessions(tx, { accountId, idleMs: settings.sessions.idleMs });
        const current = listed.find(({ id }) => id === sessionId) ?? null;
        const session = found(current, 'The session is over.');
        await appendAudit(tx, {
          orgId,
          actor: by,
          action: changePassword.id,
          subject: `account:${accountId}`,
          outcome: 'ok',
          requestId: request.id,
          details: { sessions_ended: ended.length },
        });
        tx.onCommit(() => sessions.forget(accountId));
        return { session, value: await rotateValue(tx, { id: sessionId, orgId }) };
      });
      return handOver({ request, setHeader }, parts, { orgId, ...made, deliver: body.deliver });
    }),

    implement(beginTotp, async ({ tx, caller, audit }) => {
      const { orgId, accountId } = sessionOf(caller);
      const account = await readOwn(tx, orgId, accountId);
      const [organization] = await readOrganizations(tx);
      const secret = newTotpSecret();
      const sealedSecret = seal(totpKeys[0], secret, totpContext({ orgId, accountId }));
      if (!(await keepTotp(tx, { orgId, accountId, sealedSecret }))) {
        throw new Fault('state.conflict', 'an app is on already', {
          detail: 'An authenticator app is on already. Turn it off first.',
        });
      }
      audit.about(`account:${accountId}`);
      const issuer = `Sagewai ${organization?.name ?? ''}`.trim();
      return {
        secret: base32(secret),
        uri: totpUri({ secret, issuer, account: account.email }),
      };
    }),

    implement(confirmTotp, async ({ tx, caller, body, audit }) => {
      const { orgId, accountId } = sessionOf(caller);
      const kept = await lockTotp(tx, accountId);
      if (kept === null || kept.confirmedAt !== null) {
        throw new Fault('state.conflict', 'there is no app to turn on', {
          detail: 'Ask for a secret first.',
        });
      }
      const secret = open(totpKeys, kept.sealedSecret, totpContext({ orgId, accountId }));
      if (secret.kind === 'refused') throw new Error('a secret that was just sealed does not open');
      const match = matchTotp(secret.data, body.code, {
        now: clock.now(),
        lastStep: kept.lastStep,
      });
      if (match.kind === 'wrong') {
        throw new Fault('state.conflict', 'the code does not fit', {
          detail: 'The code does not fit. Is the clock of the telephone right?',
        });
      }
      await noteTotpStep(tx, { accountId, step: match.step });
      audit.about(`account:${accountId}`);
      return { recovery_codes: await giveRecoveryCodes(tx, orgId, accountId) };
    }),

    implement(removeTotp, async ({ tx, caller, audit }) => {
      const { accountId } = sessionOf(caller);
      audit.about(`account:${accountId}`);
      return { removed: await dropTotp(tx, accountId) };
    }),

    implement(renewRecoveryCodes, async ({ tx, caller, audit }) => {
      const { orgId, accountId } = sessionOf(caller);
      const kept = await lockTotp(tx, accountId);
      if (kept?.confirmedAt == null) {
        throw new Fault('state.conflict', 'there is no app', {
          detail: 'Recovery codes stand in for an authenticator app, and none is on.',
        });
      }
      audit.about(`account:${accountId}`);
      return { recovery_codes: await giveRecoveryCodes(tx, orgId, accountId) };
    }),
  ];
}

const RECOVERY_CODES = 10;
const RECOVERY_BYTES = 10;

async function giveRecoveryCodes(
  tx: Tx,
  orgId: OrganizationId,
  accountId: AccountId,
): Promise<string[]> {
  const codes = Array.from({ length: RECOVERY_CODES }, () => base32(randomBytes(RECOVERY_BYTES)));
  await replaceRecoveryCodes(tx, { orgId, accountId, hashes: codes.map(hashRecoveryCode) });
  return codes.map((code) => code.replaceAll(/(.{4})(?=.)/g, '$1-'));
}

async function readOwn(tx: Tx, orgId: OrganizationId, id: AccountId): Promise<Account> {
  return found(await findAccount(tx, { orgId, id }), 'There is no account.');
}

export const accountToWire = (account: Account): OutputOf<typeof acceptInvitation> => ({
  id: account.id,
  email: account.email,
  name: account.name,
  source: account.source,
  active: account.active,
  created_at: account.createdAt.toISOString(),
  last_login_at: account.lastLoginAt?.toISOString() ?? null,
});
