import { hashToken, newId } from '@sagewai/crypto';
import { findCredential, registerCredential } from '@sagewai/identity';
import { type Db, inTenant, sql, type Tx } from '@sagewai/postgres';
import {
  databaseTest as test,
  holdTransaction,
  makeTenant,
  type Tenant,
  untilWaiting,
} from '@sagewai/testing';
import type { EnrollmentKeyId } from '@sagewai/wire';
import { expect } from 'vitest';

import {
  findEnrollmentKey,
  forgetReplacedSecrets,
  insertEnrollmentKey,
  listEnrollmentKeys,
  replaceEnrollmentSecret,
  revokeEnrollmentKey,
  useEnrollmentKey,
} from './enrollment-keys.sql.ts';

const NO_HASH = new Uint8Array(32);

async function makeKey(
  db: Db,
  { orgId }: Tenant,
  maxUses: number | null,
): Promise<EnrollmentKeyId> {
  const id = newId<EnrollmentKeyId>();
  await inTenant(db, [orgId], (tx) =>
    insertEnrollmentKey(tx, {
      id,
      orgId,
      name: 'k',
      maxUses,
      allowedPools: ['gpu'],
      allowedModels: [],
      allowedLabels: ['region=*'],
      allowedCidrs: ['10.0.0.0/8'],
      autoApprove: false,
      scopes: ['claim'],
      kind: 'key',
      createdBy: 'token:t',
      expiresAt: null,
      expiresInSeconds: 60,
    }),
  );
  return id;
}

test('the last use is taken once: the second waits, and finds none', async ({ db, owner }) => {
  const tenant = await makeTenant(db);
  const id = await makeKey(db, tenant, 1);
  const use = (tx: Tx): Promise<boolean> => useEnrollmentKey(tx, id);
  await using held = await holdTransaction(db, [tenant.orgId], use);
  const other = inTenant(db, [tenant.orgId], use);
  await untilWaiting(owner);
  await held.commit();
  expect(held.output).toBe(true);
  expect(await other).toBe(false);
});

test('a use that is rolled back is there again', async ({ db }) => {
  const tenant = await makeTenant(db);
  const id = await makeKey(db, tenant, 1);
  await using held = await holdTransaction(db, [tenant.orgId], (tx) => useEnrollmentKey(tx, id));
  await held.rollback();
  expect(await inTenant(db, [tenant.orgId], (tx) => useEnrollmentKey(tx, id))).toBe(true);
});

test('a key that has expired has no use, though it had one when it was looked at', async ({
  db,
  owner,
}) => {
  const tenant = await makeTenant(db);
  const id = await makeKey(db, tenant, null);
  await sql`update enrollment_key set expires_at = app_now() where id = ${id}`.execute(owner);
  expect(await inTenant(db, [tenant.orgId], (tx) => useEnrollmentKey(tx, id))).toBe(false);
});

test('a revoked key has no use, and another organization has no such key', async ({ db }) => {
  const [tenant, foreign] = [await makeTenant(db), await makeTenant(db)];
  const id = await makeKey(db, tenant, null);
  await inTenant(db, [foreign.orgId], async (tx) => {
    expect(await findEnrollmentKey(tx, { id, hash: NO_HASH })).toBeNull();
    expect(await revokeEnrollmentKey(tx, id, 'key')).toBe(false);
    expect(await useEnrollmentKey(tx, id)).toBe(false);
  });
  await inTenant(db, [tenant.orgId], async (tx) => {
    expect(await findEnrollmentKey(tx, { id, hash: NO_HASH })).toMatchObject({
      expired: false,
      replaced: false,
      maxUses: null,
      allowedLabels: ['region=*'],
      allowedCidrs: ['10.0.0.0/8'],
      autoApprove: false,
    });
    expect(await revokeEnrollmentKey(tx, id, 'key')).toBe(true);
    expect(await useEnrollmentKey(tx, id)).toBe(false);
    expect(await listEnrollmentKeys(tx, tenant.orgId, 'key')).toMatchObject([
      { id, currentUses: 0 },
    ]);
  });
});

const kind = 'enrollment';

async function giveValue(db: Db, tenant: Tenant, id: EnrollmentKeyId, value: string) {
  const hash = hashToken(value);
  await inTenant(db, [tenant.orgId], (tx) =>
    registerCredential(tx, { kind, id, orgId: tenant.orgId, hash }),
  );
  return hash;
}

test('a value that was rotated out is taken until its overlap ends, and then told from a stranger', async ({
  db,
}) => {
  const [tenant, foreign] = [await makeTenant(db), await makeTenant(db)];
  const id = await makeKey(db, tenant, null);
  const old = await giveValue(db, tenant, id, 'old');
  const rotate = (orgId: Tenant['orgId'], overlapSeconds: number) =>
    inTenant(db, [orgId], (tx) => replaceEnrollmentSecret(tx, { id, overlapSeconds }));
  expect(await rotate(foreign.orgId, 0)).toBeNull();
  expect(await rotate(tenant.orgId, 60)).toMatchObject({ id, overlapUntil: expect.any(Date) });
  const fresh = await giveValue(db, tenant, id, 'new');
  const isReplaced = async (hash: Uint8Array) => {
    const key = await inTenant(db, [tenant.orgId], (tx) => findEnrollmentKey(tx, { id, hash }));
    return key?.replaced;
  };
  expect([await isReplaced(old), await isReplaced(fresh)]).toEqual([false, false]);

  // A longer overlap gives the older value no more time, a shorter one takes it.
  await rotate(tenant.orgId, 3_600);
  expect([await isReplaced(old), await isReplaced(fresh)]).toEqual([false, false]);
  await rotate(tenant.orgId, 0);
  expect([await isReplaced(old), await isReplaced(fresh)]).toEqual([true, true]);

  const forget = (keptMs: number) =>
    inTenant(db, [tenant.orgId], (tx) => forgetReplacedSecrets(tx, keptMs));
  await forget(60_000);
  expect(await findCredential(db, { kind, hash: fresh })).not.toBeNull();
  await forget(0);
  expect(await findCredential(db, { kind, hash: fresh })).toBeNull();
});

test('of two rotations at the same time the second replaces the value of the first', async ({
  db,
  owner,
}) => {
  const tenant = await makeTenant(db);
  const { orgId } = tenant;
  const id = await makeKey(db, tenant, null);
  await giveValue(db, tenant, id, 'old');
  const rotate = async (tx: Tx, value: string) => {
    await replaceEnrollmentSecret(tx, { id, overlapSeconds: 0 });
    await registerCredential(tx, { kind, id, orgId, hash: hashToken(value) });
  };
  await using held = await holdTransaction(db, [orgId], (tx) => rotate(tx, 'one'));
  const other = inTenant(db, [orgId], (tx) => rotate(tx, 'two'));
  await untilWaiting(owner);
  await held.commit();
  await other;
  const { rows } = await sql<{ hash: Buffer }>`
    select c.hash from credential c
    where c.id = ${id} and not exists (
      select from replaced_enrollment_secret r where r.hash = c.hash)
  `.execute(owner);
  expect(rows).toEqual([{ hash: hashToken('two') }]);
});
