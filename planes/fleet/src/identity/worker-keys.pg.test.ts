import { newId } from '@sagewai/crypto';
import { inTenant, sql, type Tx } from '@sagewai/postgres';
import { databaseTest as test, holdTransaction, makeTenant, untilWaiting } from '@sagewai/testing';
import { expect } from 'vitest';

import { makePlace } from '../queue-fixture.ts';
import {
  banKey,
  bindKey,
  findUnanswered,
  forgetProofs,
  isBanned,
  noteReason,
  useProof,
} from './worker-keys.sql.ts';

const KEY = { x: 'x'.repeat(43), thumbprint: 'named' };
const PROOF = newId();

test('a proof is used once, however many come, and forgotten after its time (K3)', async ({
  db,
  owner,
}) => {
  const [{ orgId }, foreign] = [await makeTenant(db), await makeTenant(db)];
  const proofId = newId();
  const use = (tx: Tx): Promise<boolean> => useProof(tx, { orgId, proofId });
  await using held = await holdTransaction(db, [orgId], use);
  const other = inTenant(db, [orgId], use);
  await untilWaiting(owner);
  await held.commit();
  expect([held.output, await other]).toEqual([true, false]);
  const there = (tx: Tx) => useProof(tx, { orgId: foreign.orgId, proofId });
  expect(await inTenant(db, [foreign.orgId], there)).toBe(true);
  await inTenant(db, [orgId], (tx) => forgetProofs(tx, 60_000));
  expect(await inTenant(db, [orgId], use)).toBe(false);
  await inTenant(db, [orgId], (tx) => forgetProofs(tx, 0));
  expect(await inTenant(db, [orgId], use)).toBe(true);
});

test('a worker has one key pair, and a ban concerns it in its organization', async ({ db }) => {
  const [tenant, foreign] = [await makeTenant(db), await makeTenant(db)];
  const { orgId } = tenant;
  const { workerId: id } = await makePlace(db, tenant);
  const banned = (of: typeof orgId) =>
    inTenant(db, [of], (tx) => isBanned(tx, { orgId: of, thumbprint: KEY.thumbprint }));
  await inTenant(db, [orgId], async (tx) => {
    // Nothing to ban yet.
    await banKey(tx, { id, by: 'token:t' });
    expect(await bindKey(tx, { id, key: KEY, proofId: PROOF })).toBe(true);
    expect(await bindKey(tx, { id, key: { ...KEY, thumbprint: 'other' }, proofId: PROOF })).toBe(
      false,
    );
  });
  expect(await banned(orgId)).toBe(false);
  await inTenant(db, [orgId], async (tx) => {
    await banKey(tx, { id, by: 'token:t' });
    await banKey(tx, { id, by: 'token:t' });
  });
  expect([await banned(orgId), await banned(foreign.orgId)]).toEqual([true, false]);
});

test('a worker is unanswered until it has done something', async ({ db, owner }) => {
  const tenant = await makeTenant(db);
  const { orgId } = tenant;
  const { workerId: id } = await makePlace(db, tenant);
  const declared = {
    orgId,
    thumbprint: KEY.thumbprint,
    enrolledBy: null,
    name: 'w',
    pool: 'default',
    labels: {},
  };
  const find = (of: Partial<typeof declared> = {}) =>
    inTenant(db, [orgId], (tx) => findUnanswered(tx, { ...declared, ...of }));
  expect(await find()).toBeNull();
  await inTenant(db, [orgId], (tx) => bindKey(tx, { id, key: KEY, proofId: PROOF }));
  expect(await find()).toBe(id);
  expect(await find({ pool: 'other' })).toBeNull();
  expect(await find({ labels: { a: 'b' } })).toBeNull();
  expect(await find({ thumbprint: 'other' })).toBeNull();
  await sql`update worker_session set generation = 2`.execute(owner);
  expect(await find()).toBeNull();
});

test('the reason of a state can be told', async ({ db, owner }) => {
  const tenant = await makeTenant(db);
  const { workerId: id } = await makePlace(db, tenant);
  await inTenant(db, [tenant.orgId], (tx) => noteReason(tx, { id, reason: 'because' }));
  const { rows } = await sql<object>`select reason from worker where id = ${id}`.execute(owner);
  expect(rows).toEqual([{ reason: 'because' }]);
});
