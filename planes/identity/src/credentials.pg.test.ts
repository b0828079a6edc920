import { hashToken, newId } from '@sagewai/crypto';
import { inTenant, sql } from '@sagewai/postgres';
import { fileDatabaseTest as test, makeTenant } from '@sagewai/testing';
import type { OrganizationId, ProjectId, TokenId } from '@sagewai/wire';
import { describe, expect } from 'vitest';

import { dropCredential, findCredential, registerCredential } from './credentials.sql.ts';
import { insertToken, listTokens, type NewToken, revoke, useToken } from './tokens.sql.ts';

const tokenOf = (orgId: OrganizationId, more: Partial<NewToken> = {}): NewToken => ({
  id: newId<TokenId>(),
  orgId,
  projectId: null,
  name: 'ci',
  scopes: ['write'],
  createdBy: 'token:1',
  expiresInSeconds: null,
  ...more,
});

describe('a credential', () => {
  test('is found by its hash and kind before any tenant is known (I2)', async ({
    db,
    dispatch,
  }) => {
    const { orgId } = await makeTenant(db);
    const credential = { kind: 'key', id: newId(), orgId };
    const hash = hashToken('sk-1');
    await inTenant(db, [orgId], (tx) => registerCredential(tx, { ...credential, hash }));
    for (const reader of [db, dispatch]) {
      expect(await findCredential(reader, { kind: 'key', hash })).toEqual(credential);
      expect(await findCredential(reader, { kind: 'token', hash })).toBeNull();
      expect(await findCredential(reader, { kind: 'key', hash: hashToken('sk-2') })).toBeNull();
    }
  });

  test('is gone once dropped, and others stay', async ({ db }) => {
    const { orgId } = await makeTenant(db);
    const [a, b] = [newId(), newId()];
    await inTenant(db, [orgId], async (tx) => {
      await registerCredential(tx, { kind: 'key', id: a, orgId, hash: hashToken('a') });
      await registerCredential(tx, { kind: 'key', id: b, orgId, hash: hashToken('b') });
      await dropCredential(tx, { kind: 'key', id: a });
      await dropCredential(tx, { kind: 'token', id: b });
    });
    expect(await findCredential(db, { kind: 'key', hash: hashToken('a') })).toBeNull();
    expect(await findCredential(db, { kind: 'key', hash: hashToken('b') })).toMatchObject({
      id: b,
    });
  });

  test('belongs to one record', async ({ db }) => {
    const { orgId } = await makeTenant(db);
    const register = () =>
      inTenant(db, [orgId], (tx) =>
        registerCredential(tx, { kind: 'key', id: newId(), orgId, hash: hashToken('same') }),
      );
    await register();
    await expect(register()).rejects.toThrow(/duplicate key/);
  });
});

describe('an access token', () => {
  test('is good until it is revoked; revoking again changes nothing (I3)', async ({ db }) => {
    const { orgId } = await makeTenant(db);
    const token = tokenOf(orgId);
    await inTenant(db, [orgId], async (tx) => {
      await insertToken(tx, token);
      expect(await useToken(tx, token.id)).toMatchObject({ id: token.id, scopes: ['write'] });
      const first = await revoke(tx, { orgId, id: token.id });
      expect(first?.revokedAt).toBeInstanceOf(Date);
      expect(await revoke(tx, { orgId, id: token.id })).toEqual(first);
      expect(await useToken(tx, token.id)).toBeNull();
      expect(await revoke(tx, { orgId, id: newId<TokenId>() })).toBeNull();
    });
  });

  test('is good until it expires (I3)', async ({ db, open }) => {
    const { orgId } = await makeTenant(db);
    const token = tokenOf(orgId, { expiresInSeconds: 60 });
    await inTenant(db, [orgId], async (tx) => {
      await insertToken(tx, token);
      expect(await useToken(tx, token.id)).not.toBeNull();
    });
    const at = (clockOffsetSeconds: number) =>
      inTenant(open({ clockOffsetSeconds }), [orgId], (tx) => useToken(tx, token.id));
    expect(await at(50)).not.toBeNull();
    expect(await at(61)).toBeNull();
  });

  test('says when it was used, to the minute', async ({ db }) => {
    const { orgId } = await makeTenant(db);
    const token = tokenOf(orgId);
    const writes = await inTenant(db, [orgId], async (tx) => {
      await insertToken(tx, token);
      await useToken(tx, token.id);
      const { rows: before } = await sql`select xmin, ctid from access_token`.execute(tx);
      await useToken(tx, token.id);
      const { rows: after } = await sql`select xmin, ctid from access_token`.execute(tx);
      return { before, after };
    });
    expect(writes.after).toEqual(writes.before);
    const page = { limit: 10 };
    const [listed] = await inTenant(db, [orgId], (tx) => listTokens(tx, { orgId, page }));
    expect(listed?.lastUsedAt?.getUTCSeconds()).toBe(0);
  });

  test('is bound only to a project of its own organization', async ({ db }) => {
    const [a, b] = [await makeTenant(db), await makeTenant(db)];
    const insert = (projectId: ProjectId) =>
      inTenant(db, [a.orgId, b.orgId], (tx) => insertToken(tx, tokenOf(a.orgId, { projectId })));
    expect(await insert(a.projectId)).toMatchObject({ projectId: a.projectId });
    await expect(insert(b.projectId)).rejects.toThrow(/foreign key/);
  });

  test('has scopes, and only known ones', async ({ db }) => {
    const { orgId } = await makeTenant(db);
    const insert = (scopes: readonly string[]) =>
      inTenant(db, [orgId], (tx) =>
        insertToken(tx, tokenOf(orgId, { scopes: scopes as NewToken['scopes'] })),
      );
    await expect(insert([])).rejects.toThrow(/a_token_has_known_scopes/);
    await expect(insert(['read', 'platform'])).rejects.toThrow(/a_token_has_known_scopes/);
  });
});
