import { inTenant } from '@sagewai/postgres';
import { databaseTest as test, makeTenant } from '@sagewai/testing';
import { expect } from 'vitest';

import { readOpenRegistration, setOpenRegistration } from './settings.sql.ts';

test('an organization says whether registration is open', async ({ db }) => {
  const { orgId } = await makeTenant(db);
  await inTenant(db, [orgId], async (tx) => {
    expect(await readOpenRegistration(tx, orgId)).toBeNull();
    for (const open of [true, false, null]) {
      await setOpenRegistration(tx, orgId, open);
      expect(await readOpenRegistration(tx, orgId)).toBe(open);
    }
  });
});

test('an organization says it for itself alone', async ({ db }) => {
  const [{ orgId }, foreign] = [await makeTenant(db), await makeTenant(db)];
  const meddle = inTenant(db, [orgId], (tx) => setOpenRegistration(tx, foreign.orgId, true));
  await expect(meddle).rejects.toThrow(/row-level security/);
});
