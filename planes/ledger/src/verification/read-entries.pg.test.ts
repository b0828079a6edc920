import { randomUUID } from 'node:crypto';

import { inTenant } from '@sagewai/postgres';
import { databaseTest as test, makeTenant } from '@sagewai/testing';
import type { KeyId } from '@sagewai/wire';
import { expect } from 'vitest';

import { reserveAll, settleAll } from '../calls.sql.ts';
import { callOf, limit, settlementOf } from '../fixture.sql.ts';
import { hasMoreRows, readEntries } from './read-entries.sql.ts';

test('the entries of an organization are its own, by what each of them is', async ({ db }) => {
  const [mine, other] = [await makeTenant(db), await makeTenant(db)];
  const accountOf = ({ orgId, projectId }: typeof mine) => ({
    orgId,
    projectId,
    keyId: randomUUID() as KeyId,
  });
  const [account, stranger] = [accountOf(mine), accountOf(other)];
  for (const each of [account, stranger]) await limit(db, each, 'project', { usdPerDay: 1_000n });
  const calls = [callOf(account, 3n), callOf(account, 4n), callOf(stranger, 90n)];
  await reserveAll(db, [...calls, callOf(account, 5n)]);
  await settleAll(
    db,
    calls.map((call) => settlementOf(call)),
  );
  const { orgId } = mine;
  const [entries, more] = await inTenant(db, [orgId], async (tx) => [
    await readEntries(tx, { orgId, idsMax: 10 }),
    [await hasMoreRows(tx, { orgId, rows: 1 }), await hasMoreRows(tx, { orgId, rows: 2 })],
  ]);
  expect(entries).toMatchObject({
    rows: 2,
    settled: { calls: 2, costPusd: 7n },
    reserved: { calls: 1, costPusd: 5n },
    expired: { calls: 0, costPusd: 0n, ids: [] },
    corrected: { calls: 0 },
    inShares: { calls: 0 },
    lostShares: { calls: 0 },
  });
  expect(more).toEqual([true, false]);
});
