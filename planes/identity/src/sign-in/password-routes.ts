import { Fault } from '@sagewai/fault';
import { implementOwn, type OwnInput, type Route } from '@sagewai/http';
import { inTenant, type Tx } from '@sagewai/postgres';
import { type OrganizationId, signIn, signInTotp } from '@sagewai/wire';

import { type Account, normalizeEmail } from '../accounts/account.ts';
import { findAccount, findAccountByEmail } from '../accounts/accounts.sql.ts';
import { type KeptPassword, readPassword, rehashPassword } from '../accounts/passwords.sql.ts';
import { countRecoveryCodes, lockTotp } from '../accounts/totp.sql.ts';
import { makeChallenge, readChallenge, spend, writeChallenge } from './challenge.ts';
import { failSignIn, WRONG } from './fail-sign-in.ts';
import { findSignInOrganization, NOWHERE } from './find-organization.ts';
import { handOver, makeLogin } from './finish-sign-in.ts';
import { useCode } from './second-factor.ts';
import type { SignInParts } from './sign-in.ts';

type Request = OwnInput['request'];

/** By a password, and the code of an app or a recovery code where the account has one. */
export function passwordRoutes(parts: SignInParts): Route[] {
  const { db, clock, challengeKey, meters } = parts;
  return [
    implementOwn(signIn, async ({ body, request, setHeader }) => {
      const { orgId, account } = await provePassword(parts, body, request);
      const second = await inTenant(db, [orgId], async (tx) => {
        const factors = await readFactors(tx, account);
        if (factors.length > 0) return { kind: 'missing', factors } as const;
        const made = await makeLogin(tx, parts, {
          account: { id: account.id, orgId },
          method: 'password',
          request,
        });
        return { kind: 'none', made } as const;
      });
      if (second.kind === 'missing') {
        const challenge = makeChallenge(
          { purpose: 'second-factor', orgId, accountId: account.id },
          clock.now(),
        );
        meters.attempts.add({ method: 'password', outcome: 'second_factor' });
        return {
          kind: 'second_factor' as const,
          challenge: writeChallenge(challenge, challengeKey),
          factors: second.factors,
        };
      }
      meters.attempts.add({ method: 'password', outcome: 'ok' });
      return handOver({ request, setHeader }, parts, {
        orgId,
        ...second.made,
        deliver: body.deliver,
      });
    }),

    implementOwn(signInTotp, async ({ body, request, setHeader }) => {
      const now = clock.now();
      const challenge = readChallenge(body.challenge, {
        purpose: 'second-factor',
        key: challengeKey,
        now,
      });
      const { orgId, accountId } = challenge;
      if (accountId === null) throw new Error('a second factor is of an account');
      await parts.throttle.admit({ orgId, email: accountId, address: request.ip });
      const proved = await inTenant(db, [orgId], async (tx) => {
        const account = await findAccount(tx, { orgId, id: accountId });
        const password = await readPassword(tx, accountId);
        const isOld = password === null || password.changedAt.getTime() > challenge.madeMs;
        if (account?.active !== true || isOld) return null;
        const matched = await useCode(tx, { orgId, accountId, code: body.code }, parts);
        if (matched === 'wrong') return null;
        await spend(tx, challenge);
        const made = await makeLogin(tx, parts, {
          account: { id: accountId, orgId },
          method: matched === 'totp' ? 'password+totp' : 'password+recovery',
          request,
        });
        await parts.throttle.clear(tx, { orgId, email: accountId, address: request.ip });
        return made;
      });
      if (proved === null) {
        meters.attempts.add({ method: 'totp', outcome: 'wrong' });
        return failSignIn(db, { orgId, accountId, why: 'code', request, detail: WRONG_CODE });
      }
      meters.attempts.add({ method: 'totp', outcome: 'ok' });
      return handOver({ request, setHeader }, parts, { orgId, ...proved, deliver: body.deliver });
    }),
  ];
}

const WRONG_CODE = 'The code is wrong, or was used before.';

/** Throws unless it is the password of an active account. */
async function provePassword(
  parts: SignInParts,
  given: {
    readonly email: string;
    readonly password: string;
    readonly organization?: string | undefined;
  },
  request: Request,
): Promise<{ readonly orgId: OrganizationId; readonly account: Account }> {
  const { db, passwords, throttle, meters } = parts;
  const orgId = await findSignInOrganization(db, given.organization);
  if (orgId === null) {
    await throttle.admitAddress({ orgId: NOWHERE, address: request.ip }); // A3
    await passwords.match(given.password, null); // A3
    meters.attempts.add({ method: 'password', outcome: 'wrong' });
    throw new Fault('caller.unknown', 'there is no such organization', { detail: WRONG });
  }
  const attempt = { orgId, email: normalizeEmail(given.email), address: request.ip };
  await throttle.admit(attempt).catch((thrown: unknown) => {
    meters.attempts.add({ method: 'password', outcome: 'throttled' });
    throw thrown;
  });
  const { account, kept } = await inTenant(db, [orgId], (tx) => readKept(tx, orgId, attempt.email));
  const match = await passwords.match(given.password, kept?.hash ?? null);
  if (match.kind === 'wrong' || account === null || kept === null || !account.active) {
    meters.attempts.add({ method: 'password', outcome: 'wrong' });
    const why = account !== null && !account.active ? 'inactive' : 'password';
    return failSignIn(db, { orgId, accountId: account?.id ?? null, why, request });
  }
  if (match.isOutdated) {
    const to = await passwords.hash(given.password);
    await inTenant(db, [orgId], (tx) =>
      rehashPassword(tx, { accountId: account.id, from: kept.hash, to }),
    );
  }
  await throttle.clear(db, attempt);
  return { orgId, account };
}

interface Kept {
  readonly account: Account | null;
  readonly kept: KeptPassword | null;
}

async function readKept(tx: Tx, orgId: OrganizationId, email: string): Promise<Kept> {
  const account = await findAccountByEmail(tx, { orgId, email });
  return { account, kept: account && (await readPassword(tx, account.id)) };
}

async function readFactors(tx: Tx, { id }: Account): Promise<('totp' | 'recovery_code')[]> {
  const totp = await lockTotp(tx, id);
  if (totp?.confirmedAt == null) return [];
  return (await countRecoveryCodes(tx, id)) > 0 ? ['totp', 'recovery_code'] : ['totp'];
}
