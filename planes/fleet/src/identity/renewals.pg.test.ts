import { newId } from '@sagewai/crypto';
import { inTenant } from '@sagewai/postgres';
import { databaseTest as test, holdTransaction, makeTenant, untilWaiting } from '@sagewai/testing';
import { expect } from 'vitest';

import { makePlace } from '../queue-fixture.ts';
import { readSession, renew, renewAll, restartGenerations } from './renewals.sql.ts';

test('a renewal makes the next generation; the same again is answered the same (K1)', async ({
  db,
  dispatch,
}) => {
  const tenant = await makeTenant(db);
  const { workerId } = await makePlace(db, tenant);
  const ask = (generation: bigint, renewalId: string, sessionEpoch: bigint | null = 1n) =>
    renew(dispatch, { workerId, orgId: tenant.orgId, sessionEpoch, generation, renewalId });
  const [first, second] = [newId(), newId()];
  expect(await ask(0n, first)).toEqual({ sessionEpoch: 1n, generation: 1n });
  expect(await ask(0n, first)).toEqual({ sessionEpoch: 1n, generation: 1n });
  expect(await ask(1n, second)).toEqual({ sessionEpoch: 1n, generation: 2n });
  // The last renewal is the only one that is repeated.
  expect(await ask(0n, first)).toBeNull();
  expect(await ask(1n, first)).toBeNull();
  expect(await ask(1n, second, 2n)).toBeNull();
  // With a new session; a lost answer to it opens another, and counts no more.
  expect(await ask(2n, first, null)).toEqual({ sessionEpoch: 2n, generation: 3n });
  expect(await ask(2n, first, null)).toEqual({ sessionEpoch: 3n, generation: 3n });
  expect(await readSession(dispatch, workerId)).toMatchObject({
    state: 'approved',
    generation: 3n,
  });
});

test('a generation ahead of the database is taken: it was restored (K2)', async ({
  db,
  dispatch,
}) => {
  const tenant = await makeTenant(db);
  const { workerId } = await makePlace(db, tenant);
  const renewal = { workerId, orgId: tenant.orgId, sessionEpoch: null };
  expect(await renew(dispatch, { ...renewal, generation: 9n, renewalId: newId() })).toMatchObject({
    generation: 10n,
  });
  await inTenant(db, [tenant.orgId], (tx) => restartGenerations(tx, workerId));
  expect(await readSession(dispatch, workerId)).toMatchObject({ sessionEpoch: 3n, generation: 0n });
});

test('of two renewals of one generation at the same time, one is given it (K2)', async ({
  db,
  owner,
}) => {
  const tenant = await makeTenant(db);
  const { workerId } = await makePlace(db, tenant);
  const { orgId } = tenant;
  const renewal = { workerId, orgId, sessionEpoch: 1n, generation: 0n };
  await using held = await holdTransaction(db, [orgId], (tx) =>
    renew(tx, { ...renewal, renewalId: newId() }),
  );
  const other = inTenant(db, [orgId], (tx) => renew(tx, { ...renewal, renewalId: newId() }));
  await untilWaiting(owner);
  await held.commit();
  expect(held.output).toMatchObject({ generation: 1n });
  expect(await other).toBeNull();
});

test('many renew in one statement, and each is answered in its place (E1, E2)', async ({
  db,
  dispatch,
}) => {
  const tenant = await makeTenant(db);
  const workers = await Promise.all([1, 2, 3].map(() => makePlace(db, tenant)));
  const renewals = workers.map(({ workerId }) => ({
    workerId,
    orgId: tenant.orgId,
    sessionEpoch: 1n,
    generation: 4n,
    renewalId: newId(),
  }));
  const before = dispatch.statementCount();
  expect((await renewAll(dispatch, renewals)).map((one) => one?.generation)).toEqual([5n, 5n, 5n]);
  expect(dispatch.statementCount() - before).toBe(1);
  const [first, second, third] = renewals;
  if (first === undefined || second === undefined || third === undefined) throw new Error('three');
  // The same again; an older one by another name; the next.
  const answers = await renewAll(dispatch, [
    third,
    { ...first, renewalId: newId() },
    { ...second, generation: 5n, renewalId: newId() },
  ]);
  expect(answers.map((one) => one?.generation ?? null)).toEqual([5n, null, 6n]);
});

test('another organization renews nothing', async ({ db, dispatch }) => {
  const [tenant, foreign] = [await makeTenant(db), await makeTenant(db)];
  const { workerId } = await makePlace(db, tenant);
  const { orgId } = foreign;
  const renewal = { workerId, orgId, sessionEpoch: 1n, generation: 0n, renewalId: newId() };
  expect(await renew(dispatch, renewal)).toBeNull();
  await inTenant(db, [orgId], async (tx) => {
    await restartGenerations(tx, newId());
  });
  expect(await readSession(dispatch, workerId)).toMatchObject({ sessionEpoch: 1n });
});
