import { newId } from '@sagewai/crypto';
import { type Db, inTenant, type Tx } from '@sagewai/postgres';
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
  insertEnrollmentKey,
  listEnrollmentKeys,
  revokeEnrollmentKey,
  useEnrollmentKey,
} from './enrollment-keys.sql.ts';

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

test('a revoked key has no use, and another organization has no such key', async ({ db }) => {
  const [tenant, foreign] = [await makeTenant(db), await makeTenant(db)];
  const id = await makeKey(db, tenant, null);
  await inTenant(db, [foreign.orgId], async (tx) => {
    expect(await findEnrollmentKey(tx, id)).toBeNull();
    expect(await revokeEnrollmentKey(tx, id)).toBe(false);
    expect(await useEnrollmentKey(tx, id)).toBe(false);
  });
  await inTenant(db, [tenant.orgId], async (tx) => {
    expect(await findEnrollmentKey(tx, id)).toMatchObject({ expired: false, maxUses: null });
    expect(await revokeEnrollmentKey(tx, id)).toBe(true);
    expect(await useEnrollmentKey(tx, id)).toBe(false);
    expect(await listEnrollmentKeys(tx, tenant.orgId)).toMatchObject([{ id, currentUses: 0 }]);
  });
});
