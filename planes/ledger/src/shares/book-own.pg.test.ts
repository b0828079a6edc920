import { createHash, randomUUID } from 'node:crypto';

import { silentLog } from '@sagewai/log';
import { type Db, inTenant, sql } from '@sagewai/postgres';
import { createMetrics } from '@sagewai/telemetry';
import { databaseTest as test, makeTenant } from '@sagewai/testing';
import { canonicalBatch, type KeyId, settledCallRecord } from '@sagewai/wire';
import { afterEach, describe, expect } from 'vitest';

import type { CallRequest } from '../call.ts';
import { checkLedger } from '../check-ledger.sql.ts';
import { createLedger, type Ledger } from '../create-ledger.ts';
import {
  type Account,
  budgetOf,
  callOf,
  limit,
  setClock,
  settlementOf,
  stopClock,
} from '../fixture.sql.ts';
import { listSpend } from '../spend.sql.ts';

const CENT = 10_000_000_000n;
const LIMITS = {
  usdPerDay: 10_000n * CENT,
  usdPerWeek: 20_000n * CENT,
  usdPerMonth: 30_000n * CENT,
  usdPer30Days: 30_000n * CENT,
  tokensPerMinute: 1_000_000n,
  requestsPerMinute: 100_000n,
};

const opened: Ledger[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((ledger) => ledger.close()));
});

interface World {
  readonly db: Db;
  readonly ledger: Ledger;
  readonly account: Account;
}

/** An account whose calls are admitted from shares and booked by their holder's own statement. */
async function openWorld(db: Db): Promise<World> {
  const { orgId, projectId } = await makeTenant(db);
  const account = { orgId, projectId, keyId: randomUUID() as KeyId };
  await limit(db, account, 'key', LIMITS);
  const ledger = createLedger({
    db,
    log: silentLog,
    metrics: createMetrics(),
    shares: { listenUrl: null, callsASecondMin: 2, idleMs: 60_000 },
  });
  opened.push(ledger);
  const world = { db, ledger, account };
  await bookOwned(world);
  return world;
}

/** Calls until one is booked as it was admitted, by its share. */
async function bookOwned({ db, ledger, account }: World): Promise<CallRequest> {
  for (let n = 0; n < 200; n += 1) {
    const call = callOf(account, CENT);
    expect((await ledger.reserve(call)).kind).toBe('reserved');
    await ledger.settle(settlementOf(call));
    if ((await sharedOf(db, account)).has(call.id)) return call;
  }
  throw new Error('no call was admitted from a share');
}

const sharedOf = (db: Db, { orgId }: Account): Promise<Set<string>> =>
  inTenant(db, [orgId], async (tx) => {
    const { rows } = await sql<{ id: string }>`select id from spend where from_share`.execute(tx);
    return new Set(rows.map(({ id }) => id));
  });

const usedOf = async ({ db, account }: World): Promise<Record<string, bigint>> => {
  const { balances } = await budgetOf(db, account, 'key');
  return Object.fromEntries(
    balances.map(({ measure, period, settled }) => [`${measure} a ${period}`, settled]),
  );
};

const isSound = async ({ db, account }: World): Promise<void> =>
  expect(await checkLedger(db, [account.orgId])).toEqual([]);

describe('calls that their holder books itself', () => {
  test('count in the second in which they are booked, whatever passed since the last (B1)', async ({
    db,
    owner,
  }) => {
    await stopClock(owner, '2026-11-18T12:00:00Z');
    const world = await openWorld(db);
    for (const at of ['12:00:00.9', '12:00:01', '12:00:59', '12:01:00.5', '12:03:00']) {
      await setClock(owner, `2026-11-18T${at}Z`);
      await bookOwned(world);
      await isSound(world);
    }
    expect(await usedOf(world)).toMatchObject({ 'requests a minute': 1n });
  });

  test('count in the day in which they are booked, whatever passed since the last (B1)', async ({
    db,
    owner,
  }) => {
    await stopClock(owner, '2026-11-02T12:00:00Z');
    const world = await openWorld(db);
    for (const at of ['11-02T23:00', '11-03T00:01', '11-20T12:00', '12-03T12:00', '12-04T00:00']) {
      await setClock(owner, `2026-${at}:00Z`);
      await bookOwned(world);
      await isSound(world);
    }
    const inDays = (await spendOf(world)).filter(
      ({ at }) => at.getTime() >= Date.parse('2026-11-04T00:00:00Z'),
    );
    expect(await usedOf(world)).toMatchObject({
      'cost a 30_days': BigInt(inDays.length) * CENT,
    });
  });

  test.for([
    ['week', 'usdPerWeek', '2026-11-21T23:59:59Z', '2026-11-22T00:00:00Z'],
    ['month', 'usdPerMonth', '2026-11-30T23:59:59Z', '2026-12-01T00:00:00Z'],
  ] as const)(
    'open a %s with nothing of the last one in it, after others of their holder (B1, B3)',
    async ([period, name, last, first], { db, owner }) => {
      await stopClock(owner, last);
      const world = await openWorld(db);
      const other = { ...world, account: { ...world.account, keyId: randomUUID() as KeyId } };
      await limit(db, other.account, 'key', { [name]: LIMITS[name] });
      await bookOwned(other);

      await setClock(owner, first);
      await bookOwned(world);
      await bookOwned(other);
      await isSound(other);
      const { balances } = await budgetOf(db, other.account, 'key');
      const since = (await spendOf(other)).filter(
        ({ keyId, startedAt }) =>
          keyId === other.account.keyId && startedAt.getTime() >= Date.parse(first),
      );
      expect(balances).toMatchObject([{ period, settled: BigInt(since.length) * CENT }]);
    },
  );

  test('are written each with its own words in batches, whose digests are theirs (T6)', async ({
    db,
    owner,
  }) => {
    const { ledger, account } = await openWorld(db);
    const spoken = Array.from({ length: 9 }, (_, n) => ({
      model: n % 2 === 0 ? 'gpt-4o' : 'claude-opus-4',
      deployment: `config-${n}`,
      status: n % 3 === 0 ? ('aborted' as const) : ('ok' as const),
      usageSource: n % 4 === 0 ? ('estimate' as const) : ('provider' as const),
    }));
    const calls = spoken.map(({ model, deployment, ...ended }) => ({
      ...callOf(account, CENT, { model, deployment }),
      ended,
    }));
    for (const { ended: _, ...call } of calls) await ledger.reserve(call);
    await Promise.all(calls.map(({ ended, ...call }) => ledger.settle(settlementOf(call, ended))));

    const rows = (await spendOf({ db, account })).toReversed();
    const ids = new Set<string>(calls.map(({ id }) => id));
    expect(rows.filter(({ id }) => ids.has(id))).toMatchObject(spoken);
    const { rows: entries } = await sql<{ details: string }>`
      select details from audit_entry where org_id = ${account.orgId} and action = 'call.settled'
    `.execute(owner);
    const counts = entries.map(({ details }) => {
      const { count, digest, ids: named } = JSON.parse(details) as Batch;
      const records = rows.filter(({ id }) => named.includes(id)).map(settledCallRecord);
      expect(digest).toBe(createHash('sha256').update(canonicalBatch(records)).digest('hex'));
      return count;
    });
    expect(Math.max(...counts)).toBeGreaterThan(3);
  });
});

interface Batch {
  readonly count: number;
  readonly digest: string;
  readonly ids: string;
}

const spendOf = ({ db, account }: Pick<World, 'db' | 'account'>) =>
  inTenant(db, [account.orgId], (tx) => listSpend(tx, { orgId: account.orgId }, { limit: 1000 }));
