import { randomUUID } from 'node:crypto';

import { type Db, sql } from '@sagewai/postgres';
import { databaseTest as test, makeTenant } from '@sagewai/testing';
import type { KeyId } from '@sagewai/wire';
import { describe, expect } from 'vitest';

import type { Limits } from './budget.ts';
import { reserveAll, settleAll } from './calls.sql.ts';
import { checkLedger } from './check-ledger.sql.ts';
import {
  type Account,
  budgetOf,
  callOf,
  limit,
  nextCallId,
  setClock,
  settlementOf,
  stopClock,
} from './fixture.sql.ts';

async function openAccount(db: Db): Promise<Account> {
  const { orgId, projectId } = await makeTenant(db);
  return { orgId, projectId, keyId: randomUUID() as KeyId, teamId: 'blue', personId: 'ada' };
}

async function spend(db: Db, account: Account, amount: bigint): Promise<string> {
  const call = callOf(account, amount);
  const [answer] = await reserveAll(db, [call]);
  if (answer?.kind === 'reserved') await settleAll(db, [settlementOf(call)]);
  return answer?.kind ?? 'nothing';
}

describe('a window (B1)', () => {
  // A Saturday; the last of a month is a Monday.
  test.for<[keyof Limits, before: string, last: string, after: string]>([
    ['usdPerHour', '2026-11-28T10:15:00Z', '2026-11-28T10:59:59Z', '2026-11-28T11:00:00Z'],
    ['usdPerDay', '2026-11-28T10:15:00Z', '2026-11-28T23:59:59Z', '2026-11-29T00:00:00Z'],
    ['usdPerWeek', '2026-11-22T00:00:00Z', '2026-11-28T23:59:59Z', '2026-11-29T00:00:00Z'],
    ['usdPerMonth', '2026-11-01T00:00:00Z', '2026-11-30T23:59:59Z', '2026-12-01T00:00:00Z'],
  ])('of %s holds from %s to %s and is empty at %s', async ([name, ...at], { db, owner }) => {
    const [before, last, after] = at;
    await stopClock(owner, before);
    const account = await openAccount(db);
    await limit(db, account, 'key', { [name]: 10n });
    expect(await spend(db, account, 7n)).toBe('reserved');
    await setClock(owner, last);
    expect(await reserveAll(db, [callOf(account, 4n)])).toMatchObject([
      { kind: 'refused', used: 7n, retryAfterMs: Date.parse(after) - Date.parse(last) },
    ]);
    const [balance] = (await budgetOf(db, account, 'key')).balances;
    expect(balance).toMatchObject({ settled: 7n, resetsAt: new Date(after) });
    await setClock(owner, after);
    expect(await spend(db, account, 4n)).toBe('reserved');
    expect((await budgetOf(db, account, 'key')).balances).toMatchObject([{ settled: 4n }]);
    expect(await checkLedger(db, [account.orgId])).toEqual([]); // B4
  });

  test('of 30 days lets go of each day when it is 31 days old, and of no more', async ({
    db,
    owner,
  }) => {
    await stopClock(owner, '2026-10-31T13:00:00Z');
    const account = await openAccount(db);
    await limit(db, account, 'key', { usdPer30Days: 10n });
    expect(await spend(db, account, 4n)).toBe('reserved');
    await setClock(owner, '2026-11-04T09:00:00Z');
    expect(await spend(db, account, 5n)).toBe('reserved');
    // 30 days and 10 hours after the first: a month has turned, and nothing has left.
    await setClock(owner, '2026-11-30T23:59:59.5Z');
    expect(await reserveAll(db, [callOf(account, 2n)])).toMatchObject([
      { kind: 'refused', period: '30_days', used: 9n, retryAfterMs: 500 },
    ]);
    expect((await budgetOf(db, account, 'key')).balances).toMatchObject([
      { settled: 9n, resetsAt: null },
    ]);
    await setClock(owner, '2026-12-01T00:00:00Z');
    expect(await spend(db, account, 5n)).toBe('reserved');
    const days = 4 * 86_400_000;
    expect(await reserveAll(db, [callOf(account, 1n)])).toMatchObject([
      { kind: 'refused', used: 10n, retryAfterMs: days },
    ]);
    expect(await checkLedger(db, [account.orgId])).toEqual([]); // B4
    await setClock(owner, '2026-12-05T00:00:00Z');
    expect(await spend(db, account, 5n)).toBe('reserved');
    expect(await checkLedger(db, [account.orgId])).toEqual([]); // B4
  });

  test('of 30 days begins with what its days have spent (B5)', async ({ db, owner }) => {
    await stopClock(owner, '2026-11-01T00:00:00Z');
    const account = await openAccount(db);
    for (const day of ['2026-11-01', '2026-11-02', '2026-11-20']) {
      await setClock(owner, `${day}T12:00:00Z`);
      expect(await spend(db, account, 3n)).toBe('reserved');
    }
    await setClock(owner, '2026-12-02T12:00:00Z');
    await limit(db, account, 'key', { usdPer30Days: 10n });
    expect((await budgetOf(db, account, 'key')).balances).toMatchObject([{ settled: 6n }]);
    expect(await reserveAll(db, [callOf(account, 5n)])).toMatchObject([{ kind: 'refused' }]);
    expect(await checkLedger(db, [account.orgId])).toEqual([]); // B4
  });

  test('of a total never ends, and begins with the first call there was', async ({ db, owner }) => {
    await stopClock(owner, '2026-11-28T10:00:00Z');
    const account = await openAccount(db);
    expect(await spend(db, account, 6n)).toBe('reserved');
    await setClock(owner, '2027-02-01T00:00:00Z');
    await limit(db, account, 'key', { usdInTotal: 10n });
    expect(await spend(db, account, 3n)).toBe('reserved');
    expect(await reserveAll(db, [callOf(account, 2n)])).toMatchObject([
      { kind: 'refused', period: 'total', used: 9n, retryAfterMs: null },
    ]);
    expect((await budgetOf(db, account, 'key')).balances).toMatchObject([
      { settled: 9n, resetsAt: null },
    ]);
    expect(await checkLedger(db, [account.orgId])).toEqual([]); // B4
  });
});

test('a limit in total looks no further back than its thing can be (B5)', async ({ db }) => {
  const born = async (id: string): Promise<number> => {
    const { rows } = await sql<{ at: Date }>`select birth_of(${id}) as at`.execute(db);
    return rows[0]?.at.getTime() ?? NaN;
  };
  const madeMs = Date.now();
  const day = 86_400_000;
  expect(Math.abs((await born(nextCallId())) - (madeMs - day))).toBeLessThan(60_000);
  expect(await born(randomUUID())).toBe(0);
  expect(await born('a team')).toBe(0);
});

test.for(['team', 'person'] as const)(
  'a %s is a scope above its keys (M1)',
  async (kind, { db }) => {
    const account = await openAccount(db);
    const other = { ...account, keyId: randomUUID() as KeyId };
    const { teamId: _, personId: __, ...alone } = { ...account, keyId: randomUUID() as KeyId };
    await limit(db, account, kind, { usdPerMonth: 10n });
    expect(await spend(db, account, 6n)).toBe('reserved');
    expect(await reserveAll(db, [callOf(other, 5n)])).toMatchObject([
      { kind: 'refused', scope: { kind }, limit: 10n, used: 6n },
    ]);
    expect(await spend(db, alone, 50n)).toBe('reserved');
    expect(await spend(db, other, 4n)).toBe('reserved');
    expect((await budgetOf(db, account, kind)).balances).toMatchObject([{ settled: 10n }]);
    expect(await checkLedger(db, [account.orgId])).toEqual([]); // B4
  },
);
