import { randomUUID } from 'node:crypto';

import { inTenant, sql } from '@sagewai/postgres';
import { databaseTest as test, makeTenant } from '@sagewai/testing';
import type { KeyId, ReservationId } from '@sagewai/wire';
import { expect } from 'vitest';

import { reserveAll, settleAll } from '../calls.sql.ts';
import { type Account, callOf, limit, setClock, settlementOf, stopClock } from '../fixture.sql.ts';
import { dayAgo } from './past-calls.sql.ts';
import { simulate } from './simulate.ts';

/** An id of a call that came at that instant. */
async function idAt(owner: Parameters<typeof setClock>[0], at: string, n: number) {
  const { rows } = await sql<{ id: string }>`
    select uuid_from_instant(${at}::timestamptz)::text as id
  `.execute(owner);
  return `${rows[0]?.id.slice(0, 24)}${String(n).padStart(12, '0')}` as ReservationId;
}

const COSTS = [3n, 1n, 4n, 1n, 5n, 9n, 2n, 6n, 5n, 3n, 5n, 8n];

test('refuses what the ledger itself refuses under the same limits, call by call', async ({
  db,
  owner,
}) => {
  await stopClock(owner, '2026-11-16T00:00:00Z');
  const { orgId, projectId } = await makeTenant(db);
  const past: Account = { orgId, projectId, keyId: randomUUID() as KeyId };
  const limits = { usdPerDay: 12n, usdPerMonth: 40n, requestsPerMinute: 2n };
  // The same calls twice: of an organization without limits, and of one that has them.
  const other = await makeTenant(db);
  const live: Account = {
    orgId: other.orgId,
    projectId: other.projectId,
    keyId: randomUUID() as KeyId,
  };
  await limit(db, live, 'key', limits);
  let refused = 0;
  for (const [n, cost] of COSTS.entries()) {
    const at = new Date(Date.parse('2026-11-18T23:58:00Z') + n * 25_000).toISOString();
    await setClock(owner, at);
    for (const account of [past, live]) {
      const call = callOf(account, cost, { id: await idAt(owner, at, n) });
      const [answer] = await reserveAll(db, [call]);
      if (answer?.kind === 'refused') refused++;
      else await settleAll(db, [settlementOf(call)]);
    }
  }
  expect(refused).toBeGreaterThan(3);
  const of = {
    since: new Date('2026-11-18T00:00:00Z'),
    until: null,
    limits: [
      { measure: 'cost', period: 'day', amount: 12n },
      { measure: 'cost', period: 'month', amount: 40n },
      { measure: 'requests', period: 'minute', amount: 2n },
    ],
    rowsMax: 1_000,
    pageRows: 5,
  } as const;
  const keyId = past.keyId;
  const told = await inTenant(db, [orgId], (tx) => simulate(tx, { orgId, keyId }, of));
  expect(told).toMatchObject({ calls: refused, seen: { calls: COSTS.length }, isWhole: true });

  // No further than it may look, and nothing of what is not in the scope.
  const part = await inTenant(db, [orgId], (tx) =>
    simulate(tx, { orgId, keyId }, { ...of, rowsMax: 7 }),
  );
  expect(part).toMatchObject({ seen: { calls: 7 }, isWhole: false });
  for (const filter of [{ agent: 'nobody' }, { tag: 'none' }, { keyId: randomUUID() }]) {
    const none = await inTenant(db, [orgId], (tx) => simulate(tx, { orgId, ...filter }, of));
    expect(none.seen.calls).toBe(0);
  }
  // What was spent in the month before the first day is in its window.
  const since = new Date('2026-11-19T00:00:00Z');
  const month = [{ measure: 'cost', period: 'month', amount: 20n }] as const;
  const later = await inTenant(db, [orgId], (tx) =>
    simulate(tx, { orgId }, { ...of, since, limits: month }),
  );
  const before = COSTS.slice(0, 5).reduce((sum, cost) => sum + cost, 0n);
  let left = 20n - before;
  const expected = COSTS.slice(5).filter((cost) => {
    if (cost > left) return true;
    left -= cost;
    return false;
  }).length;
  expect(later).toMatchObject({ calls: expected, seen: { calls: COSTS.length - 5 } });
  const days = [{ measure: 'cost', period: '30_days', amount: 20n }] as const;
  const inDays = await inTenant(db, [orgId], (tx) =>
    simulate(tx, { orgId }, { ...of, since, limits: days }),
  );
  expect(inDays).toMatchObject({ calls: expected });
  const until = new Date('2026-11-19T00:00:00Z');
  const day = await inTenant(db, [orgId], (tx) => simulate(tx, { orgId }, { ...of, until }));
  expect(day.seen.calls).toBe(5);
  expect(await inTenant(db, [orgId], (tx) => dayAgo(tx, 7))).toEqual(
    new Date('2026-11-12T00:00:00Z'),
  );
});
