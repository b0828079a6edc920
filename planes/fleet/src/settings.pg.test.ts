import { inTenant, sql } from '@sagewai/postgres';
import { databaseTest as test, holdTransaction, makeTenant, untilWaiting } from '@sagewai/testing';
import { expect } from 'vitest';

import { changeFleetSettings, readFleetSettings } from './settings.sql.ts';

test('what is not named stays, and another organization sees none of it', async ({ db }) => {
  const [tenant, foreign] = [await makeTenant(db), await makeTenant(db)];
  const unsaid = await inTenant(db, [tenant.orgId], (tx) => readFleetSettings(tx, tenant.orgId));
  expect(unsaid).toEqual({
    openRegistration: null,
    enforcement: 'off',
    dualApproval: false,
    registrationsPerSecond: null,
  });
  await inTenant(db, [tenant.orgId], (tx) =>
    changeFleetSettings(tx, tenant.orgId, { enforcement: 'strict', registrationsPerSecond: 2.5 }),
  );
  const changed = await inTenant(db, [tenant.orgId], (tx) =>
    changeFleetSettings(tx, tenant.orgId, { openRegistration: true }),
  );
  expect(changed).toEqual({
    openRegistration: true,
    enforcement: 'strict',
    dualApproval: false,
    registrationsPerSecond: 2.5,
  });
  await inTenant(db, [foreign.orgId], async (tx) => {
    expect(await readFleetSettings(tx, tenant.orgId)).toEqual(unsaid);
  });
});

test('two changes at the same time keep both', async ({ db, owner }) => {
  const { orgId } = await makeTenant(db);
  await inTenant(db, [orgId], (tx) => changeFleetSettings(tx, orgId, {}));
  await using held = await holdTransaction(db, [orgId], (tx) =>
    changeFleetSettings(tx, orgId, { dualApproval: true }),
  );
  const other = inTenant(db, [orgId], (tx) =>
    changeFleetSettings(tx, orgId, { enforcement: 'warn' }),
  );
  await untilWaiting(owner);
  await held.commit();
  expect(await other).toMatchObject({ dualApproval: true, enforcement: 'warn' });
});

test('a change that has only begun is waited for, before anything is read', async ({
  db,
  owner,
}) => {
  const { orgId } = await makeTenant(db);
  await inTenant(db, [orgId], (tx) => changeFleetSettings(tx, orgId, {}));
  const begun = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const first = inTenant(db, [orgId], async (tx) => {
    await sql`select from fleet_setting where org_id = ${orgId} for update`.execute(tx);
    begun.resolve();
    await goOn.promise;
    await changeFleetSettings(tx, orgId, { dualApproval: true });
  });
  await begun.promise;
  const other = inTenant(db, [orgId], (tx) =>
    changeFleetSettings(tx, orgId, { enforcement: 'warn' }),
  );
  await untilWaiting(owner);
  goOn.resolve();
  await first;
  expect(await other).toMatchObject({ dualApproval: true, enforcement: 'warn' });
});
