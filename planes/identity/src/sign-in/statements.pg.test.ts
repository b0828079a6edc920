import { hashToken, newId } from '@sagewai/crypto';
import { type Db, inTenant, inTransaction, sql, type Tx } from '@sagewai/postgres';
import { fileDatabaseTest, makeTenant } from '@sagewai/testing';
import type { AccountId, OrganizationId } from '@sagewai/wire';
import { expect } from 'vitest';

import { insertAccount } from '../accounts/accounts.sql.ts';
import { readPassword, rehashPassword, setPassword } from '../accounts/passwords.sql.ts';
import {
  beginTotp,
  countRecoveryCodes,
  lockTotp,
  noteTotpStep,
  removeTotp,
  replaceRecoveryCodes,
  useRecoveryCode,
} from '../accounts/totp.sql.ts';
import { findCredential, registerCredential } from '../credentials.sql.ts';
import { keepFirstSetup, readFirstSetup, useFirstSetup } from '../invitations/first-setup.sql.ts';
import {
  insertLink,
  type LinkId,
  readLink,
  revokeLink,
  revokeResetsOf,
  useLink,
} from '../invitations/links.sql.ts';
import {
  insertPasskey,
  listPasskeys,
  lockPasskey,
  notePasskeyUse,
  type PasskeyId,
  removePasskeysOf,
} from '../passkeys/passkeys.sql.ts';
import {
  endSession,
  endSessionsOf,
  freshenSession,
  insertSession,
  listSessions,
  useSession,
} from '../sessions/login-sessions.sql.ts';
import type { SessionId } from '../sessions/session.ts';
import { countAttempt, forgetAttempts } from './attempts.sql.ts';
import { spendChallenge } from './challenges.sql.ts';

interface Of {
  readonly orgId: OrganizationId;
  readonly accountId: AccountId;
}
const HOUR_MS = 3_600_000;

const test = fileDatabaseTest;

/** An account in an organization of its own, and a transaction that acts for it. */
async function withAccount<T>(db: Db, work: (tx: Tx, of: Of) => Promise<T>): Promise<T> {
  const { orgId } = await makeTenant(db);
  return inTenant(db, [orgId], async (tx) => {
    const accountId = newId<AccountId>();
    await insertAccount(tx, {
      id: accountId,
      orgId,
      email: `${accountId}@acme.test`,
      name: 'Anna',
      source: 'local',
      externalId: null,
    });
    return work(tx, { orgId, accountId });
  });
}

test('a password is replaced; a new hash of a former one replaces nothing (A2)', ({ db }) =>
  withAccount(db, async (tx, { orgId, accountId }) => {
    expect(await readPassword(tx, accountId)).toBeNull();
    await setPassword(tx, { orgId, accountId, hash: '$argon2id$1' });
    await rehashPassword(tx, { accountId, from: '$argon2id$1', to: '$argon2id$2' });
    await rehashPassword(tx, { accountId, from: '$argon2id$1', to: '$argon2id$3' });
    expect(await readPassword(tx, accountId)).toMatchObject({ hash: '$argon2id$2' });
  }));

test('a password that is not hashed is kept nowhere (A2)', async ({ db }) => {
  const plain = withAccount(db, (tx, of) => setPassword(tx, { ...of, hash: 'correct horse' }));
  await expect(plain).rejects.toThrow(/a_password_is_hashed/);
});

test('an app is on once a code was shown, and is not replaced from then on (A4)', ({ db }) =>
  withAccount(db, async (tx, { orgId, accountId }) => {
    expect(await beginTotp(tx, { orgId, accountId, sealedSecret: 's1' })).toBe(true);
    expect(await beginTotp(tx, { orgId, accountId, sealedSecret: 's2' })).toBe(true);
    expect(await lockTotp(tx, accountId)).toMatchObject({ sealedSecret: 's2', confirmedAt: null });
    await noteTotpStep(tx, { accountId, step: 57_000_000 });
    expect(await beginTotp(tx, { orgId, accountId, sealedSecret: 's3' })).toBe(false);
    expect(await lockTotp(tx, accountId)).toMatchObject({
      sealedSecret: 's2',
      lastStep: 57_000_000,
    });
    const hashes = ['a', 'b'].map((code) => hashToken(code));
    await replaceRecoveryCodes(tx, { orgId, accountId, hashes });
    expect(await useRecoveryCode(tx, { accountId, hash: hashToken('a') })).toBe(true);
    expect(await useRecoveryCode(tx, { accountId, hash: hashToken('a') })).toBe(false);
    expect(await countRecoveryCodes(tx, accountId)).toBe(1);
    expect(await removeTotp(tx, accountId)).toBe(true);
    expect(await countRecoveryCodes(tx, accountId)).toBe(0);
    expect(await removeTotp(tx, accountId)).toBe(false);
  }));

test('an authenticator has one passkey in an organization, and its counter is kept', ({ db }) =>
  withAccount(db, async (tx, { orgId, accountId }) => {
    const passkey = {
      id: newId<PasskeyId>(),
      orgId,
      accountId,
      name: 'laptop',
      credentialId: Buffer.from('key'),
      publicKey: Buffer.from('spki'),
      signCount: 1,
      isBackedUp: false,
    };
    expect(await insertPasskey(tx, passkey)).toMatchObject({ name: 'laptop', lastUsedAt: null });
    expect(await insertPasskey(tx, { ...passkey, id: newId<PasskeyId>() })).toBeNull();
    await notePasskeyUse(tx, { id: passkey.id, signCount: 4_000_000_000, isBackedUp: true });
    expect(await lockPasskey(tx, Buffer.from('key'))).toMatchObject({
      signCount: 4_000_000_000,
      isBackedUp: true,
    });
    expect(await lockPasskey(tx, Buffer.from('other'))).toBeNull();
    expect(await removePasskeysOf(tx, accountId)).toBe(1);
    expect(await listPasskeys(tx, accountId)).toEqual([]);
  }));

test('what ends a session deletes its look-up; those of others go on (A1)', ({ db }) =>
  withAccount(db, async (tx, { orgId, accountId }) => {
    const ids = await Promise.all(
      ['one', 'two', 'three'].map(async (name) => {
        const id = newId<SessionId>();
        await insertSession(tx, {
          id,
          orgId,
          accountId,
          method: 'password',
          lifetimeMs: HOUR_MS,
          address: '192.0.2.1',
          userAgent: name,
        });
        const hash = hashToken(accountId + name);
        await registerCredential(tx, { hash, kind: 'session', id, orgId });
        return id;
      }),
    );
    const [one, two, three] = ids as [SessionId, SessionId, SessionId];
    const isFound = async (name: string): Promise<boolean> =>
      (await findCredential(tx, { kind: 'session', hash: hashToken(accountId + name) })) !== null;
    expect(await endSession(tx, { id: one, by: 'test' })).toMatchObject({ endedBy: 'test' });
    expect(await endSession(tx, { id: one, by: 'test' })).toBeNull();
    expect([await isFound('one'), await isFound('two')]).toEqual([false, true]);
    await freshenSession(tx, two);
    expect(await useSession(tx, { id: two, idleMs: HOUR_MS })).toMatchObject({ name: 'Anna' });
    expect(await useSession(tx, { id: one, idleMs: HOUR_MS })).toBeNull();
    expect(await endSessionsOf(tx, { accountId, by: 'test', except: three })).toEqual([two]);
    expect([await isFound('two'), await isFound('three')]).toEqual([false, true]);
    const left = await listSessions(tx, { accountId, idleMs: HOUR_MS });
    expect(left.map(({ id }) => id)).toEqual([three]);
  }));

test('a link is used once, and not when it is revoked (A7)', ({ db }) =>
  withAccount(db, async (tx, { orgId, accountId }) => {
    const link = (kind: 'invitation' | 'reset') =>
      insertLink(tx, {
        id: newId<LinkId>(),
        orgId,
        kind,
        email: 'bo@acme.test',
        accountId: kind === 'reset' ? accountId : null,
        role: kind === 'reset' ? null : 'viewer',
        projectId: null,
        createdBy: 'test',
        lifetimeMs: HOUR_MS,
      });
    const used = await link('invitation');
    expect(await useLink(tx, { id: used.id, kind: 'reset' })).toBeNull();
    expect(await useLink(tx, { id: used.id, kind: 'invitation' })).toMatchObject({
      role: 'viewer',
    });
    expect(await useLink(tx, { id: used.id, kind: 'invitation' })).toBeNull();
    expect(await revokeLink(tx, used.id)).toBeNull();
    const revoked = await link('reset');
    expect(await readLink(tx, revoked.id)).toMatchObject({ accountId });
    await revokeResetsOf(tx, accountId);
    expect(await readLink(tx, revoked.id)).toBeNull();
    expect(await useLink(tx, { id: revoked.id, kind: 'reset' })).toBeNull();
  }));

test('a challenge is spent once (A5)', ({ db }) =>
  withAccount(db, async (tx, { orgId }) => {
    const spent = { orgId, hash: hashToken('nonce'), expiresAt: new Date(Date.now() + HOUR_MS) };
    expect(await spendChallenge(tx, spent)).toBe(true);
    expect(await spendChallenge(tx, spent)).toBe(false);
  }));

test('attempts are counted in a window, and anew after it (A3)', async ({ db, owner }) => {
  const subjects = [hashToken('a'), hashToken('b')];
  const count = async (): Promise<number[]> => {
    const rows = await countAttempt(db, { subjects, windowMs: HOUR_MS });
    return rows.map(({ attempts }) => attempts);
  };
  expect(await count()).toEqual([1, 1]);
  await Promise.all([count(), count(), count()]);
  expect(await count()).toEqual([5, 5]);
  await sql`update sign_in_attempt set until = app_now() - interval '1 second'`.execute(owner);
  expect(await count()).toEqual([1, 1]);
  await forgetAttempts(db, hashToken('a'));
  expect((await count()).toSorted((a, b) => a - b)).toEqual([1, 2]);
});

test('the first setup is one row, done once, made by no request (A6)', async ({ db, dispatch }) => {
  const id = newId();
  expect(await keepFirstSetup(dispatch, id)).toEqual({ made: true });
  expect(await keepFirstSetup(dispatch, newId())).toEqual({ made: false });
  expect(await readFirstSetup(db)).toEqual({ id, isUsed: false });
  await expect(keepFirstSetup(db, newId())).rejects.toThrow(/permission denied/);
  expect(await inTransaction(db, (tx) => useFirstSetup(tx, id))).toBe(true);
  expect(await inTransaction(db, (tx) => useFirstSetup(tx, id))).toBe(false);
});
