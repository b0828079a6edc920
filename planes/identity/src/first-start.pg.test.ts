import { createSecretKey, randomBytes } from 'node:crypto';

import { hashToken } from '@sagewai/crypto';
import { inTenant, inTransaction, sql } from '@sagewai/postgres';
import { databaseTest as test, holdTransaction, untilWaiting } from '@sagewai/testing';
import { PLATFORM_CHAIN } from '@sagewai/wire';
import { describe, expect } from 'vitest';

import { checkFingerprint, ensureAdministrator } from './first-start.ts';
import { keepSecret, listKeptSecrets } from './kept-secrets.sql.ts';
import { keepFingerprint } from './key-fingerprints.sql.ts';
import {
  countPlatformTokens,
  lockAdministrators,
  usePlatformToken,
} from './platform-tokens.sql.ts';

const GIVEN = 'sat-Zk3v9QpLx7mWc2RtYb8NfHj4Ua6EoSgD';
const OTHER = 'sat-Bq8w2MnTz5kVx1JrHc7PdFs3Ly9GiKoE';

describe('ensureAdministrator', () => {
  test('makes one when there is none, shows it once, and keeps its hash alone (I2)', async ({
    dispatch,
    owner,
  }) => {
    const made = await ensureAdministrator(dispatch);
    if (made.kind !== 'made') throw new Error('expected a new token');
    expect(made.token).toMatch(/^sat-[\w-]{43}$/);
    expect(await ensureAdministrator(dispatch)).toEqual({ kind: 'kept' });
    expect(await usePlatformToken(dispatch, hashToken(made.token))).toMatchObject({
      name: 'administrator',
    });
    const { rows } = await sql<{
      text: string;
    }>`select t::text as text from platform_token t`.execute(owner);
    expect(rows).toHaveLength(1);
    expect(rows[0]?.text).not.toContain(made.token.slice(4));
  });

  test('takes the one that the configuration gives, and ends every other', async ({
    dispatch,
    db,
  }) => {
    const made = await ensureAdministrator(dispatch);
    if (made.kind !== 'made') throw new Error('expected a new token');
    expect(await ensureAdministrator(dispatch, { token: GIVEN })).toEqual({ kind: 'given' });
    expect(await ensureAdministrator(dispatch, { token: OTHER })).toEqual({ kind: 'given' });
    expect(await usePlatformToken(dispatch, hashToken(made.token))).toBeNull();
    expect(await usePlatformToken(dispatch, hashToken(GIVEN))).toBeNull();
    expect(await usePlatformToken(dispatch, hashToken(OTHER))).not.toBeNull();
    expect(await ensureAdministrator(dispatch)).toEqual({ kind: 'kept' });
    const { rows } = await inTenant(db, [PLATFORM_CHAIN], (tx) =>
      sql`select action from audit_entry order by seq`.execute(tx),
    );
    expect(rows.map(({ action }) => action)).toEqual([
      'identity.admitAdministrator',
      'identity.dismissAdministrator',
      'identity.admitAdministrator',
      'identity.dismissAdministrator',
      'identity.admitAdministrator',
    ]);
  });

  test('takes the one that it made itself, given back by the configuration', async ({
    dispatch,
  }) => {
    const made = await ensureAdministrator(dispatch);
    if (made.kind !== 'made') throw new Error('expected a new token');
    expect(await ensureAdministrator(dispatch, { token: made.token })).toEqual({ kind: 'given' });
    expect(await inTransaction(dispatch, countPlatformTokens)).toBe(1);
  });

  test('makes one only, when two servers start together', async ({ dispatch, owner }) => {
    await using held = await holdTransaction(dispatch, [], lockAdministrators);
    const both = Promise.all([ensureAdministrator(dispatch), ensureAdministrator(dispatch)]);
    await untilWaiting(owner, 2);
    await held.commit();
    expect((await both).map(({ kind }) => kind).sort()).toEqual(['kept', 'made']);
  });

  test.for([
    'sat-short',
    'changeme',
    'sk-your-master-key',
    `sk-${'x7Qp'.repeat(12)}`,
    `eyJ${GIVEN}`,
    `a b ${GIVEN}`,
    'a'.repeat(64),
  ])('refuses %s, and does not repeat it', async (token, { dispatch }) => {
    const start = async () => ensureAdministrator(dispatch, { token });
    await expect(start()).rejects.toThrow(/SAGEWAI_ADMIN_TOKEN is refused: /);
    await expect(start()).rejects.not.toThrow(new RegExp(token));
    expect(await inTransaction(dispatch, countPlatformTokens)).toBe(0);
  });

  test('stands in the chain of the platform', async ({ dispatch, db }) => {
    await ensureAdministrator(dispatch);
    await ensureAdministrator(dispatch);
    const { rows } = await inTenant(db, [PLATFORM_CHAIN], (tx) =>
      sql`select actor, action from audit_entry`.execute(tx),
    );
    expect(rows).toEqual([{ actor: 'server', action: 'identity.admitAdministrator' }]);
  });

  test('is out of reach of the role of requests (I5)', async ({ db, dispatch }) => {
    await expect(ensureAdministrator(db)).rejects.toThrow(/permission denied/);
    await ensureAdministrator(dispatch);
    const takeOver = sql`update platform_token set hash = ${hashToken(GIVEN)}`.execute(db);
    await expect(takeOver).rejects.toThrow(/permission denied/);
    await expect(sql`delete from platform_token`.execute(db)).rejects.toThrow(/permission denied/);
  });
});

describe('checkFingerprint (I6)', () => {
  const key = createSecretKey(randomBytes(32));
  const purpose = 'SAGEWAI_ENCRYPTION_KEY';

  test('accepts the first key, and the same again', async ({ db }) => {
    await checkFingerprint(db, { purpose, key });
    await checkFingerprint(db, { purpose, key });
    const other = createSecretKey(randomBytes(32));
    await checkFingerprint(db, { purpose: 'JWT_SECRET', key: other });
  });

  test('refuses another key, naming which', async ({ db }) => {
    await checkFingerprint(db, { purpose, key });
    const another = createSecretKey(randomBytes(32));
    await expect(checkFingerprint(db, { purpose, key: another })).rejects.toThrow(
      /SAGEWAI_ENCRYPTION_KEY is not the one that this database was set up with/,
    );
    await checkFingerprint(db, { purpose, key });
  });

  test('keeps nothing that holds the key', async ({ db, owner }) => {
    await checkFingerprint(db, { purpose, key });
    const { rows } = await sql<{ fingerprint: string }>`
      select fingerprint from key_fingerprint
    `.execute(owner);
    const bytes = key.export();
    for (const spelling of ['hex', 'base64', 'base64url'] as const) {
      expect(rows[0]?.fingerprint).not.toContain(bytes.toString(spelling).slice(0, 16));
    }
  });

  test('is kept: requests cannot change it, and whoever replaces the key changes nothing else', async ({
    db,
    dispatch,
  }) => {
    await keepFingerprint(db, { purpose, fingerprint: 'aa' });
    const denied = /permission denied/;
    for (const role of [db, dispatch]) {
      expect(await keepFingerprint(role, { purpose, fingerprint: 'bb' })).toBe('aa');
      const removal = sql`delete from key_fingerprint`.execute(role);
      await expect(removal).rejects.toThrow(denied);
      const renaming = sql`update key_fingerprint set purpose = 'x'`.execute(role);
      await expect(renaming).rejects.toThrow(denied);
    }
    const change = sql`update key_fingerprint set fingerprint = 'bb'`.execute(db);
    await expect(change).rejects.toThrow(denied);
  });
});

describe('keepSecret (I7)', () => {
  const secret = { name: 'JWT_SECRET', value: 'first' };

  test('keeps the first value, for every server that asks', async ({ open }) => {
    const owner = open({ role: null });
    expect(await keepSecret(owner, secret)).toBe('first');
    expect(await keepSecret(owner, { ...secret, value: 'second' })).toBe('first');
    expect(await listKeptSecrets(owner)).toEqual(['JWT_SECRET']);
  });

  test("is the owner's alone", async ({ open, db, dispatch }) => {
    await keepSecret(open({ role: null }), secret);
    for (const role of [db, dispatch]) {
      await expect(keepSecret(role, secret)).rejects.toThrow(/permission denied/);
      await expect(listKeptSecrets(role)).rejects.toThrow(/permission denied/);
    }
  });
});
