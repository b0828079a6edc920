import { hashToken, mintToken } from '@sagewai/crypto';
import { findCredential } from '@sagewai/identity';
import { inTenant } from '@sagewai/postgres';
import { databaseTest as test, makeTenant, type Tenant } from '@sagewai/testing';
import { readEntries } from '@sagewai/trust';
import { expect } from 'vitest';

import { ENROLLMENT_KEY_KIND } from '../workers/worker.ts';
import { listEnrollmentKeys, revokeEnrollmentKey } from './enrollment-keys.sql.ts';
import { type DeclaredKey, ensureDeclaredKey, findKeyWeakness } from './ensure-declared-key.ts';

const declaredFor = ({ orgId }: Tenant): DeclaredKey => ({
  key: mintToken('sk-fleet-'),
  orgId,
  pools: ['cpu'],
  models: ['gpt-4o'],
  usesMax: 5,
  lifeMs: 60_000,
});

test('a declared key is made once with its bounds, audited, and stays revoked through later starts', async ({
  db,
}) => {
  const tenant = await makeTenant(db);
  const declared = declaredFor(tenant);
  expect(await ensureDeclaredKey(db, declared)).toBe('made');
  expect(await ensureDeclaredKey(db, declared)).toBe('known');
  const list = () =>
    inTenant(db, [tenant.orgId], (tx) => listEnrollmentKeys(tx, tenant.orgId, 'key'));
  const [key, ...others] = await list();
  expect(others).toEqual([]);
  expect(key).toMatchObject({ maxUses: 5, allowedPools: ['cpu'], allowedModels: ['gpt-4o'] });
  expect(key?.expiresAt).not.toBeNull();
  expect(
    await findCredential(db, { kind: ENROLLMENT_KEY_KIND, hash: hashToken(declared.key) }),
  ).toMatchObject({ id: key?.id });
  const entries = await inTenant(db, [tenant.orgId], (tx) =>
    readEntries(tx, { orgId: tenant.orgId, order: 'oldest', limit: 100 }),
  );
  expect(entries.filter(({ action }) => action === 'fleet.createEnrollmentKey')).toHaveLength(1);
  if (key) await inTenant(db, [tenant.orgId], (tx) => revokeEnrollmentKey(tx, key.id, 'key'));
  expect(await ensureDeclaredKey(db, declared)).toBe('known');
  expect((await list()).map(({ revokedAt }) => revokedAt === null)).toEqual([false]);
});

test('two replicas that start at once make one key', async ({ db }) => {
  const declared = declaredFor(await makeTenant(db));
  const made = await Promise.all([1, 2, 3].map(() => ensureDeclaredKey(db, declared)));
  expect(made.toSorted()).toEqual(['known', 'known', 'made']);
});

test.each([
  ['sk-fleet-secret', 'printed in public'],
  ['sk-1234567890123456789012345678901234567890', 'sk-fleet-'],
  ['sk-fleet-change-me-change-me-change-me-change-me', 'random'],
])('a declared key like %s is refused', (key, why) => {
  expect(findKeyWeakness(key)).toContain(why);
});
