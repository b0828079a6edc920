import { randomUUID } from 'node:crypto';

import { silentLog } from '@sagewai/log';
import { connect, type Db, inTenant, sql } from '@sagewai/postgres';
import { createMetrics } from '@sagewai/telemetry';
import {
  fileDatabaseTest as test,
  holdTransaction,
  makeTenant,
  untilWaiting,
} from '@sagewai/testing';
import type { KeyId } from '@sagewai/wire';
import { describe, expect } from 'vitest';

import { reserveAll } from './calls.sql.ts';
import { checkLedger } from './check-ledger.sql.ts';
import { createLedger, type Ledger, type LedgerOptions } from './create-ledger.ts';
import { type Account, budgetOf, callOf, limit, settlementOf } from './fixture.sql.ts';
import { listSpend, sumSpend } from './spend.sql.ts';

const CENT = 10_000_000_000n;

const ledgerOn = (db: Db, options: Partial<LedgerOptions> = {}): Ledger =>
  createLedger({ db, log: silentLog, metrics: createMetrics(), ...options });

async function openAccount(db: Db): Promise<Account> {
  const { orgId, projectId } = await makeTenant(db);
  return { orgId, projectId, keyId: randomUUID() as KeyId };
}

const spendOf = (db: Db, { orgId }: Account) =>
  inTenant(db, [orgId], (tx) => listSpend(tx, { orgId }, { limit: 1000 }));

/** 200 calls at once, over the ledgers in turn; every admitted one is settled in full. */
async function rush(ledgers: readonly Ledger[], account: Account): Promise<string[]> {
  return Promise.all(
    Array.from({ length: 200 }, async (_, index) => {
      const ledger = ledgers[index % ledgers.length] as Ledger;
      const call = callOf(account, CENT);
      const reservation = await ledger.reserve(call);
      if (reservation.kind === 'reserved') await ledger.settle(settlementOf(call));
      return reservation.kind;
    }),
  );
}

describe('a budget that pays for exactly fifty calls', () => {
  test('admits fifty of two hundred at once (M1)', async ({ db }) => {
    const account = await openAccount(db);
    await limit(db, account, 'key', { usdPerDay: 50n * CENT });
    const ledger = ledgerOn(db);

    const kinds = await rush([ledger], account);

    expect(kinds.filter((kind) => kind === 'reserved')).toHaveLength(50);
    expect((await budgetOf(db, account, 'key')).balances).toMatchObject([
      { settled: 50n * CENT, reserved: 0n },
    ]);
    await ledger.close();
  });

  test('admits fifty of two hundred through two ledgers on one database (M1)', async ({
    db,
    open,
  }) => {
    const account = await openAccount(db);
    await limit(db, account, 'project', { usdPerDay: 50n * CENT });
    const ledgers = [
      ledgerOn(open({ maxConnections: 2 }), { batchMax: 7 }),
      ledgerOn(open({ maxConnections: 2 }), { batchMax: 5 }),
    ];

    const kinds = await rush(ledgers, account);

    expect(kinds.filter((kind) => kind === 'reserved')).toHaveLength(50);
    const { orgId } = account;
    const totals = await inTenant(db, [orgId], (tx) => sumSpend(tx, { orgId }));
    expect(totals).toMatchObject({ calls: 50, costPusd: 50n * CENT });
    expect(await checkLedger(db, [orgId])).toEqual([]);
    await Promise.all(ledgers.map((ledger) => ledger.close()));
  });
});

test('calls with budgets in common, from two ledgers, never wait for each other in a circle', async ({
  db,
  open,
}) => {
  const shared = await openAccount(db);
  const accounts = Array.from({ length: 12 }, () => ({ ...shared, keyId: randomUUID() as KeyId }));
  for (const account of accounts) {
    await limit(db, account, 'key', { usdPerDay: 1000n * CENT, tokensPerMinute: 10_000n });
  }
  const ledgers = [open({ maxConnections: 2 }), open({ maxConnections: 2 })].map((each) =>
    ledgerOn(each, { batchMax: 16 }),
  );
  await Promise.all(
    Array.from({ length: 600 }, async (_, index) => {
      // The second ledger meets the keys in the other order.
      const at = index % 2 === 0 ? index % 12 : 11 - (index % 12);
      const call = callOf(accounts[at] as Account, CENT);
      const ledger = ledgers[index % 2] as Ledger;
      expect(await ledger.reserve(call)).toMatchObject({ kind: 'reserved' });
      await ledger.settle(settlementOf(call));
    }),
  );
  expect(await checkLedger(db, [shared.orgId])).toEqual([]);
  const { rows } = await sql<{ deadlocks: number }>`
    select deadlocks::int from pg_stat_database where datname = current_database()
  `.execute(db);
  expect(rows).toEqual([{ deadlocks: 0 }]);
  await Promise.all(ledgers.map((ledger) => ledger.close()));
});

describe('a call that the database refuses', () => {
  test('fails alone: the rest of its batch is decided', async ({ db }) => {
    const account = await openAccount(db);
    const ledger = ledgerOn(db);
    const spoilt = { ...callOf(account, CENT), model: 'a\0b' };

    const [first, second, third] = await Promise.allSettled([
      ledger.reserve(callOf(account, CENT)),
      ledger.reserve(spoilt),
      ledger.reserve(callOf(account, CENT)),
    ]);

    expect(first).toMatchObject({ status: 'fulfilled', value: { kind: 'reserved' } });
    expect(second).toMatchObject({ status: 'rejected', reason: { code: 'request.invalid' } });
    expect(third).toMatchObject({ status: 'fulfilled', value: { kind: 'reserved' } });
    await ledger.close();
  });

  test('because its figures are absurd never reaches it', async ({ db }) => {
    const account = await openAccount(db);
    const ledger = ledgerOn(db);
    const absurd = callOf(account, CENT, { outputTokens: 1e12 });
    await expect(ledger.reserve(absurd)).rejects.toMatchObject({ code: 'request.invalid' });
    const dear = callOf(account, CENT ** 2n);
    await expect(ledger.reserve(dear)).rejects.toMatchObject({ code: 'request.invalid' });
    await ledger.close();
  });
});

describe('when the database is away', () => {
  test('a reservation fails at once, and a settlement when its time is over', async () => {
    const db = connect({
      url: 'postgres://nobody@127.0.0.1:1/none',
      role: null,
      maxConnections: 2,
    });
    const ledger = ledgerOn(db, { settleRetriesMs: 100 });
    const call = callOf(
      { orgId: randomUUID(), projectId: randomUUID(), keyId: randomUUID() } as unknown as Account,
      CENT,
    );
    await expect(ledger.reserve(call)).rejects.toMatchObject({ code: 'service.unavailable' });
    await expect(ledger.settle(settlementOf(call))).rejects.toMatchObject({
      code: 'service.unavailable',
    });
    await ledger.close();
    await db.close();
  });

  test('a settlement is tried again until it is back (M2)', async ({ db, open, owner }) => {
    const account = await openAccount(db);
    const call = callOf(account, CENT);
    await reserveAll(db, [call]);
    const ledger = ledgerOn(open({ applicationName: 'ledger', maxConnections: 2 }));

    await using held = await holdTransaction(db, [account.orgId], (tx) =>
      sql`select from reservation where id = ${call.id} for update`.execute(tx),
    );
    const settled = ledger.settle(settlementOf(call));
    await untilWaiting(owner);
    await sql`
      select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'ledger'
    `.execute(owner);
    await held.commit();

    expect(await settled).toMatchObject({ kind: 'settled', costPusd: CENT });
    expect(await spendOf(db, account)).toHaveLength(1);
    await ledger.close();
  });
});

describe('a caller that waits too long', () => {
  test('is told so, and what was reserved for it after all is free again', async ({
    db,
    owner,
  }) => {
    const account = await openAccount(db);
    await limit(db, account, 'project', { usdPerDay: CENT });
    const ledger = ledgerOn(db, { reservePatienceMs: 100 });
    await using held = await holdTransaction(db, [account.orgId], (tx) =>
      sql`select from budget for update`.execute(tx),
    );
    const call = callOf(account, CENT);
    const told = Promise.allSettled([ledger.reserve(call)]);
    await untilWaiting(owner);
    expect(await told).toMatchObject([{ reason: { code: 'service.unavailable' } }]);
    await held.rollback();

    await expect
      .poll(() => spendOf(db, account))
      .toMatchObject([{ id: call.id, costPusd: 0n, status: 'aborted' }]);
    expect(await ledger.reserve(callOf(account, CENT))).toMatchObject({ kind: 'reserved' });
    await ledger.close();
  });

  test('that came too late stays with a caller who asks again for the same call', async ({
    db,
    owner,
  }) => {
    const account = await openAccount(db);
    await limit(db, account, 'project', { usdPerDay: CENT });
    const ledger = ledgerOn(db, { reservePatienceMs: 100 });
    await using held = await holdTransaction(db, [account.orgId], (tx) =>
      sql`select from budget for update`.execute(tx),
    );
    const told = Promise.allSettled([
      ledger.reserve({ ...callOf(account, CENT), isRepeated: true }),
    ]);
    await untilWaiting(owner);
    expect(await told).toMatchObject([{ reason: { code: 'service.unavailable' } }]);
    await held.rollback();

    expect(await ledger.reserve(callOf(account, CENT))).toMatchObject({ kind: 'refused' });
    await ledger.close();
    expect(await spendOf(db, account)).toEqual([]);
  });

  test('behind too many others is refused at once', async ({ db, owner }) => {
    const account = await openAccount(db);
    await limit(db, account, 'project', { usdPerDay: 10n * CENT });
    const ledger = ledgerOn(db, { batchMax: 1, queueMax: 1 });
    await using held = await holdTransaction(db, [account.orgId], (tx) =>
      sql`select from budget for update`.execute(tx),
    );
    const first = ledger.reserve(callOf(account, CENT));
    await untilWaiting(owner);
    const second = ledger.reserve(callOf(account, CENT));
    await expect(ledger.reserve(callOf(account, CENT))).rejects.toMatchObject({
      code: 'service.busy',
    });
    await held.rollback();
    expect(await Promise.all([first, second])).toMatchObject([
      { kind: 'reserved' },
      { kind: 'reserved' },
    ]);
    await ledger.close();
  });
});

test('closing answers what was accepted and refuses what comes later', async ({ db }) => {
  const account = await openAccount(db);
  const ledger = ledgerOn(db);
  const call = callOf(account, CENT);
  await ledger.reserve(call);
  const settled = ledger.settle(settlementOf(call));
  await ledger.close();

  expect(await settled).toMatchObject({ kind: 'settled' });
  await expect(ledger.reserve(callOf(account, CENT))).rejects.toMatchObject({
    code: 'service.draining',
  });
});

test('a figure beyond all reason is booked as the largest plausible one, not lost', async ({
  db,
}) => {
  const account = await openAccount(db);
  const ledger = ledgerOn(db);
  const call = callOf(account, CENT);
  await ledger.reserve(call);
  expect(
    await ledger.settle(settlementOf(call, { costPusd: 10n ** 30n, outputTokens: 1e15 })),
  ).toMatchObject({ kind: 'settled', costPusd: 10n ** 18n });
  expect(await checkLedger(db, [account.orgId])).toEqual([]);
  await ledger.close();
});
