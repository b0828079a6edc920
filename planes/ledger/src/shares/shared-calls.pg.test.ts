import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import { silentLog } from '@sagewai/log';
import { type Db, inTenant, sql } from '@sagewai/postgres';
import { createMetrics } from '@sagewai/telemetry';
import { fileDatabaseTest as test, makeTenant } from '@sagewai/testing';
import type { KeyId } from '@sagewai/wire';
import { afterEach, describe, expect } from 'vitest';

import type { CallRequest } from '../call.ts';
import { checkLedger } from '../check-ledger.sql.ts';
import { createLedger, type Ledger, type ShareOptions } from '../create-ledger.ts';
import { type Account, budgetOf, callOf, limit, settlementOf } from '../fixture.sql.ts';
import { sumSpend } from '../spend.sql.ts';
import { bookOwn, forfeitDue } from './shares.sql.ts';

const CENT = 10_000_000_000n;
const opened: Ledger[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((ledger) => ledger.close()));
});

function sharing(db: Db, listenUrl: string | null, options: Partial<ShareOptions> = {}): Ledger {
  const ledger = createLedger({
    db,
    log: silentLog,
    metrics: createMetrics(),
    shares: { listenUrl, callsASecondMin: 2, idleMs: 60_000, ...options },
  });
  opened.push(ledger);
  return ledger;
}

async function openAccount(db: Db): Promise<Account> {
  const { orgId, projectId } = await makeTenant(db);
  return { orgId, projectId, keyId: randomUUID() as KeyId };
}

interface InShares {
  readonly measure: string;
  readonly amount: bigint;
}

const sharesOf = (db: Db, { orgId }: Account): Promise<InShares[]> =>
  inTenant(db, [orgId], async (tx) => {
    const { rows } = await sql<InShares>`
      select b.measure, sum(s.amount) as amount from share s join budget b on b.id = s.budget_id
      group by b.measure order by b.measure
    `.execute(tx);
    return rows;
  });

const reservationsOf = (db: Db, { orgId }: Account): Promise<number> =>
  inTenant(db, [orgId], async (tx) => {
    const { rows } = await sql<{ count: number }>`
      select count(*)::int as count from reservation`.execute(tx);
    return rows[0]?.count ?? 0;
  });

/** Once it hears, a ledger gives back what it has: it may have missed a recall. */
const untilHearing = (owner: Db, ledgers: number): Promise<void> =>
  expect
    .poll(
      async () => {
        const { rows } = await sql<{ count: number }>`
          select count(*)::int as count from pg_stat_activity
          where datname = current_database() and query ilike 'listen %' and state = 'idle'
        `.execute(owner);
        return rows[0]?.count;
      },
      { timeout: 20_000 },
    )
    .toBe(ledgers);

/** Calls until the key has a share that is large enough to admit further ones in memory. */
async function warmUp(db: Db, ledger: Ledger, account: Account): Promise<void> {
  for (let n = 0; n < 200; n += 1) {
    const before = await reservationsOf(db, account);
    const call = callOf(account, CENT);
    expect((await ledger.reserve(call)).kind).toBe('reserved');
    const isShared = (await reservationsOf(db, account)) === before;
    await ledger.settle(settlementOf(call));
    if (isShared) return;
  }
  throw new Error('no call was admitted from a share');
}

const balanceOf = async (db: Db, account: Account, measure = 'cost') => {
  const { balances } = await budgetOf(db, account, 'key');
  const found = balances.find((one) => one.measure === measure);
  if (!found) throw new Error(`no limit of ${measure}`);
  return found;
};

const isSound = async (db: Db, { orgId }: Account): Promise<void> =>
  expect(await checkLedger(db, [orgId])).toEqual([]);

const LIMITS = {
  usdPerDay: 10_000n * CENT,
  tokensPerMinute: 1_000_000n,
  requestsPerMinute: 100_000n,
};

describe('calls that are admitted from shares', () => {
  test('need no statement before they are made, and are booked like any other (S1, B4)', async ({
    db,
  }) => {
    const account = await openAccount(db);
    await limit(db, account, 'key', LIMITS);
    await limit(db, account, 'project', LIMITS);
    const ledger = sharing(db, null);
    await warmUp(db, ledger, account);
    await isSound(db, account);

    const { settled: before } = await balanceOf(db, account);
    const call = callOf(account, CENT);
    expect(await ledger.reserve(call)).toEqual({
      kind: 'reserved',
      outputTokens: 1,
      outputTokensCap: null,
      amountPusd: CENT,
    });
    expect(await reservationsOf(db, account)).toBe(0);
    const half = settlementOf(call, { costPusd: CENT / 2n });
    expect(await ledger.settle(half)).toMatchObject({ kind: 'settled', costPusd: CENT / 2n });
    // A second settlement of the same call changes nothing, and is told what the first booked (B3).
    expect(await ledger.settle(settlementOf(call))).toMatchObject({ costPusd: CENT / 2n });
    expect((await balanceOf(db, account)).settled).toBe(before + CENT / 2n);
    await isSound(db, account);
  });

  test('grow their shares by the statements that book them, as long as none is refused', async ({
    db,
  }) => {
    const account = await openAccount(db);
    await limit(db, account, 'key', LIMITS);
    const ledger = sharing(db, null, { syncDelayMs: 0, keepUpEveryMs: 60_000 });
    await warmUp(db, ledger, account);
    const wave = async (): Promise<void> => {
      const calls = Array.from({ length: 8 }, () => callOf(account, CENT));
      await Promise.all(calls.map((call) => ledger.reserve(call)));
      await delay(10); // Enough for a statement that nothing waits for.
      await Promise.all(calls.map((call) => ledger.settle(settlementOf(call))));
    };
    for (let n = 0; n < 4; n += 1) await wave();
    const before = db.statementCount();
    for (let n = 0; n < 10; n += 1) await wave();
    expect(db.statementCount() - before).toBe(10);
    await isSound(db, account);
  });

  test('leave shares as small as they were wanted, not a part of the limit (S5)', async ({
    db,
  }) => {
    const account = await openAccount(db);
    await limit(db, account, 'key', LIMITS);
    const ledger = sharing(db, null);
    await warmUp(db, ledger, account);
    for (let n = 0; n < 5; n += 1) {
      const call = callOf(account, CENT);
      await ledger.reserve(call);
      await ledger.settle(settlementOf(call));
    }
    const requests = (await sharesOf(db, account)).find(({ measure }) => measure === 'requests');
    expect(requests?.amount).toBeLessThan(100n);
    await isSound(db, account);
  });

  test('what exceeds the reservation is booked, and is the next call’s to pay for', async ({
    db,
  }) => {
    const account = await openAccount(db);
    await limit(db, account, 'key', LIMITS);
    const ledger = sharing(db, null);
    await warmUp(db, ledger, account);
    const { settled: before } = await balanceOf(db, account);
    const call = callOf(account, CENT);
    await ledger.reserve(call);
    expect(
      await ledger.settle(settlementOf(call, { costPusd: 3n * CENT, outputTokens: 5 })),
    ).toEqual({
      kind: 'settled',
      costPusd: 3n * CENT,
      overrunPusd: 2n * CENT,
      overrunTokens: 4,
    });
    expect((await balanceOf(db, account)).settled).toBe(before + 3n * CENT);
    // M1. Nothing more is given out before the next call has been decided with the excess.
    await expect.poll(() => sharesOf(db, account), { timeout: 20_000 }).toEqual([]);
    await isSound(db, account);
  });

  test('are booked once, and charged once, also when the answer of the database is lost (B3)', async ({
    db,
  }) => {
    const account = await openAccount(db);
    await limit(db, account, 'key', LIMITS);
    let isLost = false;
    const lossy: Db = {
      ...db,
      run: async (statement) => {
        const result = await db.run(statement);
        if (!isLost || !statement.compile().text.includes('ledger_book_own')) return result;
        isLost = false;
        throw new Error('Connection terminated unexpectedly');
      },
    };
    const ledger = sharing(lossy, null);
    await warmUp(db, ledger, account);
    const { settled: before } = await balanceOf(db, account);
    const call = callOf(account, CENT);
    await ledger.reserve(call);
    isLost = true;
    expect(await ledger.settle(settlementOf(call))).toMatchObject({
      kind: 'settled',
      costPusd: CENT,
    });
    expect(isLost).toBe(false);
    expect((await balanceOf(db, account)).settled).toBe(before + CENT);
    await isSound(db, account);
  });

  test('of another day than the holder says charge nothing by its word (B3)', async ({ db }) => {
    const account = await openAccount(db);
    await limit(db, account, 'key', LIMITS);
    const ledger = sharing(db, null);
    await warmUp(db, ledger, account);
    const { orgId } = account;
    const { rows } = await inTenant(db, [orgId], (tx) =>
      sql<{ id: string; budgetId: bigint; day: string }>`
        select h.id, s.budget_id as "budgetId", (s.day - interval '1 day')::text as day
        from holding h join share s on s.holding_id = h.id where s.day is not null
      `.execute(tx),
    );
    const [share] = rows;
    if (!share) throw new Error('no share of a day');
    const charges = [{ budgetId: String(share.budgetId), charged: 1, overrun: 0, want: null }];
    const batch = { ttlMs: 5_000, divisor: 8, settlements: [], charges, day: share.day };
    expect(await bookOwn(db, { ...batch, holding: { id: share.id, orgId } })).toBeNull();
    await isSound(db, account);
  });

  test('shares are given back by a ledger that closes', async ({ db }) => {
    const account = await openAccount(db);
    await limit(db, account, 'key', LIMITS);
    const ledger = sharing(db, null);
    await warmUp(db, ledger, account);
    expect((await balanceOf(db, account)).reserved).toBeGreaterThan(0n);
    await ledger.close();
    expect(await sharesOf(db, account)).toEqual([]);
    expect((await balanceOf(db, account)).reserved).toBe(0n);
    await isSound(db, account);
  });

  test('shares that nobody uses are given back', async ({ db }) => {
    const account = await openAccount(db);
    await limit(db, account, 'key', LIMITS);
    const ledger = sharing(db, null, { idleMs: 400, ttlMs: 1_000 });
    await warmUp(db, ledger, account);
    await expect.poll(() => sharesOf(db, account), { timeout: 20_000 }).toEqual([]);
    await isSound(db, account);
  });
});

/** 200 calls at once, over the ledgers in turn; every admitted one is settled in full. */
async function rush(ledgers: readonly Ledger[], account: Account, calls = 200): Promise<string[]> {
  return Promise.all(
    Array.from({ length: calls }, async (_, index) => {
      const ledger = ledgers[index % ledgers.length] as Ledger;
      const call = callOf(account, CENT);
      const reservation = await ledger.reserve(call);
      if (reservation.kind === 'reserved') await ledger.settle(settlementOf(call));
      return reservation.kind;
    }),
  );
}

describe('near a limit', () => {
  test.for([1, 2])(
    'exactly as many calls are admitted as it pays for, on %i ledgers that hold shares (M1)',
    async (count, { db, url, owner }) => {
      const account = await openAccount(db);
      await limit(db, account, 'key', { usdPerDay: 300n * CENT });
      const ledgers = Array.from({ length: count }, () => sharing(db, url));
      await untilHearing(owner, count);
      for (const ledger of ledgers) await warmUp(db, ledger, account);
      const kinds: string[] = [];
      for (let n = 0; n < 3; n += 1) kinds.push(...(await rush(ledgers, account)));
      const balance = await balanceOf(db, account);
      expect(balance).toMatchObject({ settled: 300n * CENT, reserved: 0n });
      const { orgId } = account;
      const totals = await inTenant(db, [orgId], (tx) => sumSpend(tx, { orgId }));
      expect(totals).toMatchObject({ calls: 300, costPusd: 300n * CENT });
      expect(kinds).toContain('refused');
      await isSound(db, account);
    },
  );

  test('a call is not refused while another ledger holds what it needs (under-admission)', async ({
    db,
    url,
    owner,
  }) => {
    const account = await openAccount(db);
    await limit(db, account, 'key', { usdPerDay: 100n * CENT });
    const [idle, busy] = [sharing(db, url), sharing(db, url)];
    await untilHearing(owner, 2);
    await warmUp(db, idle, account);
    const { settled, reserved, amount } = await balanceOf(db, account);
    expect(reserved).toBeGreaterThan(0n);
    const left = (amount - settled) / CENT;
    for (let n = 0n; n < left; n += 1n) {
      expect((await busy.reserve(callOf(account, CENT))).kind).toBe('reserved');
    }
    expect((await busy.reserve(callOf(account, CENT))).kind).toBe('refused');
    await isSound(db, account);
  });
});

describe('an excess that overdraws a budget', () => {
  // Booked by each of the functions that book: by itself, from a share, from a share that was lost.
  test.for(['reserved', 'shared', 'late'] as const)(
    'calls back what another ledger has in shares (M1): of a call that is %s',
    async (way, { db, url, owner }) => {
      const account = await openAccount(db);
      await limit(db, account, 'key', { usdPerDay: 300n * CENT });
      const holder = sharing(db, url);
      await untilHearing(owner, 1);
      await warmUp(db, holder, account);
      const { rows: holdings } = await sql<{ id: string }>`select id from holding`.execute(owner);
      const [held] = holdings;

      const other = sharing(db, null, way === 'reserved' ? { callsASecondMin: 1e9 } : {});
      if (way !== 'reserved') await warmUp(db, other, account);
      const call = callOf(account, CENT);
      await other.reserve(call);
      expect(await reservationsOf(db, account)).toBe(way === 'reserved' ? 1 : 0);
      if (way === 'late') {
        await sql`update holding set expires_at = app_now() where id <> ${held?.id}`.execute(owner);
        expect(await forfeitDue(db, [account.orgId], 10)).toBe(1);
      }
      expect(await sharesOf(db, account)).not.toEqual([]);

      await other.settle(settlementOf(call, { costPusd: 400n * CENT }));
      await expect.poll(() => sharesOf(db, account), { timeout: 20_000 }).toEqual([]);
      expect((await holder.reserve(callOf(account, CENT))).kind).toBe('refused');
      await isSound(db, account);
    },
  );
});

test('a ledger that does not hear of an overdrawn budget finds it out when it books (M1)', async ({
  db,
}) => {
  const account = await openAccount(db);
  await limit(db, account, 'key', { usdPerDay: 300n * CENT });
  const deaf = sharing(db, null);
  await warmUp(db, deaf, account);
  await rush([deaf], account, 20); // now it has more in its share than one call needs
  const other = sharing(db, null, { callsASecondMin: 1e9 });
  const call = callOf(account, CENT);
  await other.reserve(call);
  await other.settle(settlementOf(call, { costPusd: 400n * CENT }));
  expect(await sharesOf(db, account)).not.toEqual([]);

  const last = callOf(account, CENT);
  await deaf.reserve(last);
  await deaf.settle(settlementOf(last));
  await expect.poll(() => sharesOf(db, account), { timeout: 20_000 }).toEqual([]);
  await isSound(db, account);
});

describe('limits that change', () => {
  test('start from what is under way, also what was admitted from shares (B5)', async ({
    db,
    url,
    owner,
  }) => {
    const account = await openAccount(db);
    await limit(db, account, 'project', LIMITS);
    const ledger = sharing(db, url);
    await untilHearing(owner, 1);
    await warmUp(db, ledger, account);
    const call = callOf(account, CENT);
    await ledger.reserve(call);
    expect(await reservationsOf(db, account)).toBe(0);

    await limit(db, account, 'key', { usdPerDay: 5n * CENT });
    const spent = (await balanceOf(db, account)).settled;
    expect(await balanceOf(db, account)).toMatchObject({ reserved: CENT, amount: 5n * CENT });
    await ledger.settle(settlementOf(call));
    expect(await balanceOf(db, account)).toMatchObject({ settled: spent + CENT });
    await isSound(db, account);
  });

  test('wait for the shares of a holder that does not hear, until they expire (B5, M2)', async ({
    db,
  }) => {
    const account = await openAccount(db);
    await limit(db, account, 'key', LIMITS);
    const deaf = sharing(db, null, { ttlMs: 1_000 });
    await warmUp(db, deaf, account);
    await limit(db, account, 'key', { usdPerDay: 7n * CENT });
    expect(await balanceOf(db, account)).toMatchObject({ amount: 7n * CENT });
    await isSound(db, account);
  });
});

describe('a holder that is gone', () => {
  const expire = (owner: Db) => sql`update holding set expires_at = app_now()`.execute(owner);

  async function admitted(ledger: Ledger, account: Account): Promise<CallRequest> {
    const call = callOf(account, CENT);
    expect((await ledger.reserve(call)).kind).toBe('reserved');
    return call;
  }

  test('is booked as having spent all that its shares held, marked unknown (M2)', async ({
    db,
    owner,
  }) => {
    const account = await openAccount(db);
    await limit(db, account, 'key', LIMITS);
    const killed = sharing(db, null);
    await warmUp(db, killed, account);
    const before = await balanceOf(db, account);
    await expire(owner);
    expect(await forfeitDue(db, [account.orgId], 10)).toBe(1);
    expect(await balanceOf(db, account)).toMatchObject({
      settled: before.settled + before.reserved,
      reserved: 0n,
    });
    expect(await sharesOf(db, account)).toEqual([]);
    await isSound(db, account);
  });

  test('and comes back late: what its calls cost is not counted twice (M2, B3)', async ({
    db,
    owner,
  }) => {
    const account = await openAccount(db);
    await limit(db, account, 'key', LIMITS);
    const slow = sharing(db, null);
    await warmUp(db, slow, account);
    const call = await admitted(slow, account);
    await expire(owner);
    await forfeitDue(db, [account.orgId], 10);
    const lost = await balanceOf(db, account);
    const rates = await balanceOf(db, account, 'requests');

    const late = settlementOf(call, { costPusd: CENT / 2n });
    expect(await slow.settle(late)).toMatchObject({ kind: 'settled', costPusd: CENT / 2n });
    expect(await slow.settle(late)).toMatchObject({ kind: 'settled', costPusd: CENT / 2n });
    expect(await balanceOf(db, account)).toMatchObject({ settled: lost.settled, reserved: 0n });
    expect((await balanceOf(db, account, 'requests')).settled).toBe(rates.settled);
    await isSound(db, account);
  });
});
