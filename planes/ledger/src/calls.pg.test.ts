import { createHash, randomUUID } from 'node:crypto';

import { inTenant, sql } from '@sagewai/postgres';
import type { Db } from '@sagewai/postgres';
import {
  databaseTest as alone,
  fileDatabaseTest as test,
  holdTransaction,
  makeTenant,
  untilWaiting,
} from '@sagewai/testing';
import { canonicalBatch, type KeyId, settledCallRecord } from '@sagewai/wire';
import { describe, expect } from 'vitest';

import type { CallRequest, Reservation, Settlement, Settled } from './call.ts';
import { expireDue, findOrgsWithExpired, reserveAll, settleAll } from './calls.sql.ts';
import { checkLedger } from './check-ledger.sql.ts';
import {
  type Account,
  budgetOf,
  callOf,
  limit,
  setClock,
  settlementOf,
  stopClock,
} from './fixture.sql.ts';
import { listSpend, sumSpend } from './spend.sql.ts';

const CENT = 10_000_000_000n;

async function openAccount(db: Db): Promise<Account> {
  const { orgId, projectId } = await makeTenant(db);
  return { orgId, projectId, keyId: randomUUID() as KeyId };
}

const reserve = async (db: Db, call: CallRequest): Promise<Reservation> =>
  (await reserveAll(db, [call]))[0] as Reservation;
const settle = async (db: Db, settlement: Settlement): Promise<Settled> =>
  (await settleAll(db, [settlement]))[0] as Settled;

const spendOf = (db: Db, { orgId }: Account) =>
  inTenant(db, [orgId], (tx) => listSpend(tx, { orgId }, { limit: 1000 }));
const totalsOf = (db: Db, { orgId }: Account) =>
  inTenant(db, [orgId], (tx) => sumSpend(tx, { orgId }));

describe('a reservation', () => {
  test('takes from every budget above the call together (M1)', async ({ db }) => {
    const account = await openAccount(db);
    await limit(db, account, 'organization', { usdPerDay: 9n * CENT });
    await limit(db, account, 'project', { usdPerDay: 8n * CENT, tokensPerMinute: 100n });
    await limit(db, account, 'key', { requestsPerMinute: 5n });

    const call = callOf(account, CENT / 10n, { inputTokensMax: 4, outputTokens: 10 });
    expect(await reserve(db, call)).toEqual({
      kind: 'reserved',
      outputTokens: 10,
      outputTokensCap: null,
      amountPusd: CENT,
    });

    expect((await budgetOf(db, account, 'organization')).balances).toMatchObject([
      { measure: 'cost', settled: 0n, reserved: CENT },
    ]);
    expect((await budgetOf(db, account, 'project')).balances).toMatchObject([
      { measure: 'cost', settled: 0n, reserved: CENT },
      { measure: 'tokens', settled: 14n, reserved: 0n },
    ]);
    expect((await budgetOf(db, account, 'key')).balances).toMatchObject([
      { measure: 'requests', settled: 1n },
    ]);
  });

  test('waits for one that is being made, and then counts it (M1)', async ({ db, owner }) => {
    const account = await openAccount(db);
    await limit(db, account, 'project', { usdPerDay: CENT });
    await using held = await holdTransaction(db, [account.orgId], (tx) =>
      reserveAll(tx, [callOf(account, CENT)]),
    );
    expect(held.output).toMatchObject([{ kind: 'reserved' }]);

    const second = reserve(db, callOf(account, CENT));
    await untilWaiting(owner);
    await held.commit();

    expect(await second).toMatchObject({ kind: 'refused', because: 'cost', used: CENT });
  });

  test('takes the place of one that was rolled back (M1)', async ({ db, owner }) => {
    const account = await openAccount(db);
    await limit(db, account, 'project', { usdPerDay: CENT });
    await using held = await holdTransaction(db, [account.orgId], (tx) =>
      reserveAll(tx, [callOf(account, CENT)]),
    );
    const second = reserve(db, callOf(account, CENT));
    await untilWaiting(owner);
    await held.rollback();

    expect(await second).toMatchObject({ kind: 'reserved' });
  });

  test('in a batch: a prefix is admitted by running sum, not all or nothing (M1)', async ({
    db,
  }) => {
    const account = await openAccount(db);
    await limit(db, account, 'project', { usdPerDay: 5n * CENT });

    const kinds = (
      await reserveAll(
        db,
        Array.from({ length: 8 }, () => callOf(account, CENT)),
      )
    ).map(({ kind }) => kind);

    expect(kinds).toEqual([
      ...Array.from({ length: 5 }, () => 'reserved'),
      ...Array.from({ length: 3 }, () => 'refused'),
    ]);
  });

  test('that is refused consumes nothing, in no budget, and holds nobody up (M7)', async ({
    db,
  }) => {
    const account = await openAccount(db);
    await limit(db, account, 'organization', { usdPerDay: 3n * CENT });
    await limit(db, account, 'key', { requestsPerMinute: 100n, tokensPerMinute: 1000n });

    const [large, small] = await reserveAll(db, [
      callOf(account, 4n * CENT),
      callOf(account, CENT),
    ]);

    expect(large).toMatchObject({
      kind: 'refused',
      because: 'cost',
      period: 'day',
      scope: { kind: 'organization', id: account.orgId },
      limit: 3n * CENT,
      retryAfterMs: null,
    });
    expect(small).toMatchObject({ kind: 'reserved' });
    expect((await budgetOf(db, account, 'key')).balances).toMatchObject([
      { measure: 'tokens', settled: 1n },
      { measure: 'requests', settled: 1n },
    ]);
    expect(await checkLedger(db, [account.orgId])).toEqual([]);
  });

  test('may be capped to what money and tokens are left, but not below sixteen tokens', async ({
    db,
  }) => {
    const account = await openAccount(db);
    await limit(db, account, 'project', { usdPerDay: 1000n, tokensPerMinute: 500n });
    const asked = { inputTokensMax: 10, outputTokens: 400, mayCap: true };
    const price = { perCall: 1n, input: 2n, output: 10n };

    const byMoney = callOf(account, 0n, { ...asked, price });
    expect(await reserve(db, byMoney)).toEqual({
      kind: 'reserved',
      outputTokens: 97, // (1000 - 1 - 2 * 10) / 10
      outputTokensCap: 97,
      amountPusd: 991n,
    });
    expect(await reserve(db, callOf(account, 0n, { ...asked, price }))).toMatchObject({
      kind: 'refused',
      because: 'cost',
    });

    const byTokens = callOf(account, 0n, asked);
    expect(await reserve(db, byTokens)).toMatchObject({ outputTokensCap: 383 }); // 500 - 107 - 10
    expect(await reserve(db, callOf(account, 0n, asked))).toMatchObject({ because: 'tokens' });
    expect(await checkLedger(db, [account.orgId])).toEqual([]);
  });

  test('with a limit of nothing: what is free runs, what has a price does not', async ({ db }) => {
    const account = await openAccount(db);
    await limit(db, account, 'project', { usdPerDay: 0n });

    expect(await reserve(db, callOf(account, 1n))).toMatchObject({
      kind: 'refused',
      limit: 0n,
      retryAfterMs: null,
    });
    expect(await reserve(db, callOf(account, 0n))).toMatchObject({
      kind: 'reserved',
      amountPusd: 0n,
    });
    expect(await reserve(db, callOf(account, 0n, { price: null }))).toMatchObject({
      kind: 'reserved',
    });
  });

  test('without limits touches no budget', async ({ db }) => {
    const account = await openAccount(db);
    expect(await reserve(db, callOf(account, 1000n * CENT))).toMatchObject({ kind: 'reserved' });
    expect((await budgetOf(db, account, 'organization')).balances).toEqual([]);
  });

  test('of one organization does not meet another’s limits, in one batch', async ({ db }) => {
    const [poor, rich] = [await openAccount(db), await openAccount(db)];
    await limit(db, poor, 'organization', { usdPerDay: 0n });

    expect(
      await reserveAll(db, [callOf(poor, CENT), callOf(rich, CENT), callOf(poor, CENT)]),
    ).toMatchObject([{ kind: 'refused' }, { kind: 'reserved' }, { kind: 'refused' }]);
  });

  test('a limit beyond what fits into 64 bits is a limit all the same', async ({ db }) => {
    const account = await openAccount(db);
    await limit(db, account, 'project', { usdPerDay: 10n ** 30n });
    expect(await reserve(db, callOf(account, 10n ** 18n))).toMatchObject({ kind: 'reserved' });
    expect((await budgetOf(db, account, 'project')).balances).toMatchObject([
      { reserved: 10n ** 18n },
    ]);
  });
});

describe('a settlement', () => {
  test('frees what was not used, at once', async ({ db }) => {
    const account = await openAccount(db);
    await limit(db, account, 'project', { usdPerDay: 10n * CENT, tokensPerMinute: 100n });
    const call = callOf(account, CENT, { outputTokens: 10 });
    await reserve(db, call);
    expect(await reserve(db, callOf(account, CENT))).toMatchObject({ kind: 'refused' });

    expect(await settle(db, settlementOf(call, { costPusd: 3n * CENT, outputTokens: 3 }))).toEqual({
      kind: 'settled',
      costPusd: 3n * CENT,
      overrunPusd: 0n,
      overrunTokens: 0,
    });

    expect((await budgetOf(db, account, 'project')).balances).toMatchObject([
      { settled: 3n * CENT, reserved: 0n },
      { settled: 3n },
    ]);
    expect(await reserve(db, callOf(account, 7n * CENT))).toMatchObject({ kind: 'reserved' });
    expect(await checkLedger(db, [account.orgId])).toEqual([]);
  });

  test('happens once: what is said again changes nothing and is answered the same (B3)', async ({
    db,
  }) => {
    const account = await openAccount(db);
    await limit(db, account, 'project', { usdPerDay: 10n * CENT });
    const call = callOf(account, 2n * CENT);
    await reserve(db, call);
    const settlement = settlementOf(call, { costPusd: CENT });

    const first = await settle(db, settlement);
    expect(await settle(db, settlement)).toEqual(first);
    expect(await settleAll(db, [settlement, { ...settlement, costPusd: 9n * CENT }])).toEqual([
      first,
      first,
    ]);
    expect(await totalsOf(db, account)).toMatchObject({ calls: 1, costPusd: CENT });
    expect(await checkLedger(db, [account.orgId])).toEqual([]);
  });

  test('waits for another of the same call, and then changes nothing (B3)', async ({
    db,
    owner,
  }) => {
    const account = await openAccount(db);
    await limit(db, account, 'project', { usdPerDay: 10n * CENT });
    const call = callOf(account, 2n * CENT);
    await reserve(db, call);
    await using held = await holdTransaction(db, [account.orgId], (tx) =>
      settleAll(tx, [settlementOf(call, { costPusd: CENT })]),
    );
    const second = settle(db, settlementOf(call));
    await untilWaiting(owner);
    await held.commit();

    expect(await second).toMatchObject({ kind: 'settled', costPusd: CENT });
    expect(await totalsOf(db, account)).toMatchObject({ calls: 1, costPusd: CENT });
    expect(await checkLedger(db, [account.orgId])).toEqual([]);
  });

  test('of a call that nobody knows is unknown, also when it is another organization’s', async ({
    db,
  }) => {
    const [account, stranger] = [await openAccount(db), await openAccount(db)];
    const call = callOf(account, CENT);
    expect(await settle(db, settlementOf(call))).toEqual({ kind: 'unknown' });
    await reserve(db, call);
    expect(await settle(db, { ...settlementOf(call), orgId: stranger.orgId })).toEqual({
      kind: 'unknown',
    });
    const own = callOf(stranger, CENT);
    await reserve(db, own);
    expect(
      await settleAll(db, [{ ...settlementOf(call), orgId: stranger.orgId }, settlementOf(own)]),
    ).toMatchObject([{ kind: 'unknown' }, { kind: 'settled' }]);
    expect(
      await settleAll(db, [
        { ...settlementOf(call), orgId: stranger.orgId },
        { ...settlementOf(own), orgId: account.orgId },
      ]),
    ).toMatchObject([{ kind: 'unknown' }, { kind: 'unknown' }]);
    expect(await settle(db, settlementOf(call))).toMatchObject({ kind: 'settled' });
  });

  test('beyond the reservation is booked and shown, and the next call pays (M1)', async ({
    db,
  }) => {
    const account = await openAccount(db);
    await limit(db, account, 'project', { usdPerDay: 3n * CENT, tokensPerMinute: 10n });
    const call = callOf(account, 2n * CENT);
    await reserve(db, call);

    expect(await settle(db, settlementOf(call, { costPusd: 5n * CENT, outputTokens: 8 }))).toEqual({
      kind: 'settled',
      costPusd: 5n * CENT,
      overrunPusd: 3n * CENT,
      overrunTokens: 7,
    });

    expect(await spendOf(db, account)).toMatchObject([
      { costPusd: 5n * CENT, reservedPusd: 2n * CENT, overrunPusd: 3n * CENT },
    ]);
    expect(await reserve(db, callOf(account, 1n))).toMatchObject({
      kind: 'refused',
      because: 'cost',
    });
    const free = callOf(account, 0n, { inputTokensMax: 2 });
    expect(await reserve(db, free)).toMatchObject({ kind: 'refused', because: 'tokens', used: 8n });
    expect(await checkLedger(db, [account.orgId])).toEqual([]);
  });

  test('of a call whose price is unknown is marked, and is not free (M4)', async ({ db }) => {
    const account = await openAccount(db);
    const call = callOf(account, 0n, { price: null });
    await reserve(db, call);
    await settle(db, settlementOf(call, { costPusd: null }));
    expect(await totalsOf(db, account)).toMatchObject({ calls: 1, costPusd: 0n, unpricedCalls: 1 });
  });

  test('keeps who called, what it was for, and where the usage comes from (M3)', async ({ db }) => {
    const account = await openAccount(db);
    const call = callOf(account, CENT, {
      sessionId: 'chat "1"',
      agent: 'planner',
      tags: ['a,b', '{}', 'ü'],
      inputTokensMax: 100,
    });
    await reserve(db, call);
    await settle(
      db,
      settlementOf(call, {
        inputTokens: 80,
        cachedInputTokens: 30,
        usageSource: 'estimate',
        status: 'aborted',
        provider: 'openai',
        deployment: 'fallback',
      }),
    );
    expect(await spendOf(db, account)).toMatchObject([
      {
        projectId: account.projectId,
        keyId: account.keyId,
        sessionId: 'chat "1"',
        agent: 'planner',
        tags: ['a,b', '{}', 'ü'],
        inputTokens: 80n,
        cachedInputTokens: 30n,
        usageSource: 'estimate',
        status: 'aborted',
        provider: 'openai',
        deployment: 'fallback',
      },
    ]);
  });

  test('whose tag is cut within a character is reserved and booked, and so is the rest of its batch', async ({
    db,
  }) => {
    const account = await openAccount(db);
    const calls = [
      callOf(account, CENT, { tags: ['cut \ud83d', 'nul \0'] }),
      callOf(account, CENT),
    ];
    expect(await reserveAll(db, calls)).toMatchObject([{ kind: 'reserved' }, { kind: 'reserved' }]);
    await settleAll(
      db,
      calls.map((call) => settlementOf(call)),
    );
    expect((await spendOf(db, account)).map(({ tags }) => tags)).toContainEqual([
      'cut \ufffd',
      'nul \ufffd',
    ]);
  });

  test('adds one entry a batch and organization to the audit chain, with the digest of its rows', async ({
    db,
    owner,
  }) => {
    const accounts = [await openAccount(db), await openAccount(db)];
    const calls = accounts.flatMap((account) => [
      callOf(account, CENT),
      callOf(account, 2n * CENT),
    ]);
    await reserveAll(db, calls);
    await settleAll(
      db,
      calls.map((call) => settlementOf(call)),
    );

    for (const account of accounts) {
      const { rows } = await sql<{ action: string; details: string }>`
        select action, details from audit_entry where org_id = ${account.orgId}
      `.execute(owner);
      const rowsInOrder = (await spendOf(db, account)).toReversed();
      const digest = createHash('sha256')
        .update(canonicalBatch(rowsInOrder.map(settledCallRecord)))
        .digest('hex');
      expect(rows.map(({ action, details }) => ({ action, details: JSON.parse(details) }))).toEqual(
        [
          {
            action: 'call.settled',
            details: {
              kind: 'call.settled',
              count: 2,
              digest,
              ids: rowsInOrder.map(({ id }) => id).join(' '),
            },
          },
        ],
      );
    }
  });
});

describe('a day', () => {
  alone('opens empty at midnight UTC', async ({ db, owner }) => {
    await stopClock(owner, '2026-11-21T23:59:59.5Z');
    const account = await openAccount(db);
    await limit(db, account, 'project', { usdPerDay: CENT });
    const call = callOf(account, CENT);
    await reserve(db, call);
    await settle(db, settlementOf(call));
    expect(await reserve(db, callOf(account, CENT))).toMatchObject({
      kind: 'refused',
      retryAfterMs: 500,
    });

    await setClock(owner, '2026-11-22T00:00:00Z');
    expect((await budgetOf(db, account, 'project')).balances).toMatchObject([
      { settled: 0n, reserved: 0n, resetsAt: new Date('2026-11-23T00:00:00Z') },
    ]);
    expect(await reserve(db, callOf(account, CENT))).toMatchObject({ kind: 'reserved' });
    expect(await checkLedger(db, [account.orgId])).toEqual([]);
  });

  alone(
    'keeps what was admitted in it: a call over midnight takes nothing from the next (B3)',
    async ({ db, owner }) => {
      await stopClock(owner, '2026-11-21T23:59:00Z');
      const account = await openAccount(db);
      await limit(db, account, 'project', { usdPerDay: 2n * CENT });
      const [early, late] = [callOf(account, CENT), callOf(account, CENT)];
      await reserveAll(db, [early, late]);

      await setClock(owner, '2026-11-22T00:01:00Z');
      const next = callOf(account, 2n * CENT);
      expect(await reserve(db, next)).toMatchObject({ kind: 'reserved' });
      await settle(db, settlementOf(early));
      await settle(db, settlementOf(late, { costPusd: CENT + 3n })); // three beyond: today's

      expect((await budgetOf(db, account, 'project')).balances).toMatchObject([
        { settled: 3n, reserved: 2n * CENT },
      ]);
      expect(await totalsOf(db, account)).toMatchObject({ calls: 2, costPusd: 2n * CENT + 3n });
      expect(await checkLedger(db, [account.orgId])).toEqual([]);
    },
  );
});

describe('a minute', () => {
  alone(
    'slides: what was used leaves sixty-one seconds after its second began (B1)',
    async ({ db, owner }) => {
      await stopClock(owner, '2026-11-21T10:00:00.900Z');
      const account = await openAccount(db);
      await limit(db, account, 'key', { requestsPerMinute: 2n });
      const request = () => reserve(db, callOf(account, 0n));
      await request();
      await setClock(owner, '2026-11-21T10:00:30Z');
      await request();

      expect(await request()).toMatchObject({ kind: 'refused', retryAfterMs: 31_000 });
      await setClock(owner, '2026-11-21T10:01:00.950Z'); // sixty seconds are over, its slot is not
      expect(await request()).toMatchObject({ kind: 'refused', retryAfterMs: 50 });
      await setClock(owner, '2026-11-21T10:01:01Z');
      expect(await request()).toMatchObject({ kind: 'reserved' });
      expect(await request()).toMatchObject({ kind: 'refused', retryAfterMs: 30_000 });
      expect(await checkLedger(db, [account.orgId])).toEqual([]);
    },
  );

  alone(
    'gets back what a call did not use, in the second that it was admitted',
    async ({ db, owner }) => {
      await stopClock(owner, '2026-11-21T10:00:00Z');
      const account = await openAccount(db);
      await limit(db, account, 'key', { tokensPerMinute: 100n });
      const call = callOf(account, 0n, { outputTokens: 90 });
      await reserve(db, call);
      await setClock(owner, '2026-11-21T10:00:40Z');
      await settle(db, settlementOf(call, { outputTokens: 20 }));
      const rest = callOf(account, 0n, { outputTokens: 80 });
      expect(await reserve(db, rest)).toMatchObject({ kind: 'reserved' });

      await setClock(owner, '2026-11-21T10:01:01Z'); // the twenty have left, the eighty have not
      expect((await budgetOf(db, account, 'key')).balances).toMatchObject([{ settled: 80n }]);
      await setClock(owner, '2026-11-21T10:02:00Z');
      await settle(db, settlementOf(rest, { outputTokens: 10 })); // too late to give back
      expect((await budgetOf(db, account, 'key')).balances).toMatchObject([{ settled: 0n }]);
      expect(await checkLedger(db, [account.orgId])).toEqual([]);
    },
  );

  alone(
    'stays where it is when the clock goes back, and so does its day (B2)',
    async ({ db, owner }) => {
      await stopClock(owner, '2026-11-21T10:05:00Z');
      const account = await openAccount(db);
      await limit(db, account, 'key', { requestsPerMinute: 2n, usdPerDay: CENT });
      await reserve(db, callOf(account, CENT));
      await setClock(owner, '2026-11-20T10:00:00Z');

      expect(await reserve(db, callOf(account, 1n))).toMatchObject({ because: 'cost' });
      const call = callOf(account, 0n);
      expect(await reserve(db, call)).toMatchObject({ kind: 'reserved' });
      await settle(db, settlementOf(call, { costPusd: 1n }));
      expect(await checkLedger(db, [account.orgId])).toEqual([]);

      await setClock(owner, '2026-11-21T10:05:10Z');
      expect(await reserve(db, callOf(account, 0n))).toMatchObject({ because: 'requests' });
      expect((await budgetOf(db, account, 'key')).balances).toMatchObject([
        { measure: 'cost', settled: 1n, reserved: CENT },
        { measure: 'requests', settled: 2n },
      ]);
      expect(await checkLedger(db, [account.orgId])).toEqual([]);
    },
  );
});

describe('a reservation that nobody settles', () => {
  alone(
    'is booked in full when it expires, marked unknown (M2)',
    async ({ db, dispatch, owner }) => {
      await stopClock(owner, '2026-11-21T10:00:00Z');
      const account = await openAccount(db);
      await limit(db, account, 'project', { usdPerDay: 10n * CENT });
      const call = callOf(account, CENT, {
        outputTokens: 4,
        inputTokensMax: 6,
        expiresInMs: 60_000,
      });
      await reserve(db, call);
      expect(await findOrgsWithExpired(dispatch)).toEqual([]);
      expect(await expireDue(db, [account.orgId], 10)).toBe(0);

      await setClock(owner, '2026-11-21T10:01:00Z');
      expect(await findOrgsWithExpired(dispatch)).toEqual([account.orgId]);
      expect(await expireDue(db, [account.orgId], 10)).toBe(1);
      expect(await expireDue(db, [account.orgId], 10)).toBe(0);

      expect(await spendOf(db, account)).toMatchObject([
        {
          costPusd: 4n * CENT,
          inputTokens: 6n,
          outputTokens: 4n,
          status: 'expired',
          usageSource: 'unknown',
        },
      ]);
      expect((await budgetOf(db, account, 'project')).balances).toMatchObject([
        { settled: 4n * CENT, reserved: 0n },
      ]);
      expect(await checkLedger(db, [account.orgId])).toEqual([]);
    },
  );

  alone(
    'and is settled late after all: corrected once, counted once (M2, B3)',
    async ({ db, owner }) => {
      await stopClock(owner, '2026-11-21T10:00:00Z');
      const account = await openAccount(db);
      await limit(db, account, 'project', { usdPerDay: 10n * CENT, tokensPerMinute: 100n });
      const call = callOf(account, CENT, { outputTokens: 4, expiresInMs: 30_000 });
      await reserve(db, call);
      await setClock(owner, '2026-11-21T10:00:50Z');
      await expireDue(db, [account.orgId], 10);

      const late = settlementOf(call, { costPusd: 3n * CENT, outputTokens: 3 });
      const answer = { kind: 'settled', costPusd: 3n * CENT, overrunPusd: 0n, overrunTokens: 0 };
      expect(await settleAll(db, [late, { ...late, costPusd: 1n }])).toEqual([answer, answer]);
      expect(await settle(db, late)).toEqual(answer);

      expect(await spendOf(db, account)).toMatchObject([
        { entry: 1, costPusd: -CENT, outputTokens: -1n, status: 'ok', usageSource: 'provider' },
        { entry: 0, costPusd: 4n * CENT, status: 'expired' },
      ]);
      expect(await totalsOf(db, account)).toMatchObject({
        calls: 1,
        costPusd: 3n * CENT,
        outputTokens: 3n,
      });
      expect((await budgetOf(db, account, 'project')).balances).toMatchObject([
        { settled: 3n * CENT, reserved: 0n },
        { settled: 3n },
      ]);
      expect(await checkLedger(db, [account.orgId])).toEqual([]);
    },
  );

  alone(
    'is corrected once, also when two settle it late at the same time (B3)',
    async ({ db, owner }) => {
      await stopClock(owner, '2026-11-21T10:00:00Z');
      const account = await openAccount(db);
      await limit(db, account, 'project', { usdPerDay: 10n * CENT });
      const call = callOf(account, 4n * CENT, { expiresInMs: 1_000 });
      await reserve(db, call);
      await setClock(owner, '2026-11-21T10:00:50Z');
      await expireDue(db, [account.orgId], 10);

      await using held = await holdTransaction(db, [account.orgId], (tx) =>
        settleAll(tx, [settlementOf(call, { costPusd: CENT })]),
      );
      const second = settle(db, settlementOf(call, { costPusd: 2n * CENT }));
      await untilWaiting(owner);
      await held.commit();

      expect(await second).toMatchObject({ kind: 'settled', costPusd: CENT });
      expect(await totalsOf(db, account)).toMatchObject({ calls: 1, costPusd: CENT });
      expect(await checkLedger(db, [account.orgId])).toEqual([]);
    },
  );

  alone('leaves a settlement under way alone (M2)', async ({ db, owner }) => {
    await stopClock(owner, '2026-11-21T10:00:00Z');
    const account = await openAccount(db);
    const call = callOf(account, CENT, { expiresInMs: 1_000 });
    await reserve(db, call);
    await setClock(owner, '2026-11-21T11:00:00Z');
    await using held = await holdTransaction(db, [account.orgId], (tx) =>
      settleAll(tx, [settlementOf(call)]),
    );
    expect(await expireDue(db, [account.orgId], 10)).toBe(0);
    await held.commit();
    expect(await spendOf(db, account)).toMatchObject([{ entry: 0, status: 'ok' }]);
  });
});

test('finds its budgets by index, however many there are', async ({ db, open, owner }) => {
  const account = await openAccount(db);
  await sql`
    insert into budget (org_id, scope_kind, scope_id, measure, period, limit_amount, opened_at)
    select ${account.orgId}, 'key', gen_random_uuid()::text, 'cost', 'day', 1, app_now()
    from generate_series(1, 20000)
  `.execute(owner);
  await sql`analyze budget`.execute(owner);
  await limit(db, account, 'project', { usdPerDay: 100n * CENT, tokensPerMinute: 1000n });
  const one = open({ maxConnections: 1 });
  const readScans = async (): Promise<bigint> => {
    await sql`select pg_stat_force_next_flush()`.execute(one);
    const { rows } = await sql<{ scans: bigint }>`
      select seq_tup_read as scans from pg_stat_user_tables where relname = 'budget'
    `.execute(one);
    return rows[0]?.scans ?? -1n;
  };
  const before = await readScans();
  for (let round = 0; round < 3; round++) {
    const calls = Array.from({ length: 8 }, () => callOf(account, CENT));
    await reserveAll(one, calls);
    await settleAll(
      one,
      calls.map((call) => settlementOf(call)),
    );
  }
  expect((await readScans()) - before).toBe(0n);
});

describe('the request role', () => {
  test('reads no other organization’s rows, and cannot rewrite what was spent', async ({ db }) => {
    const [account, stranger] = [await openAccount(db), await openAccount(db)];
    await limit(db, account, 'project', { usdPerDay: CENT });
    const call = callOf(account, CENT);
    await reserve(db, call);
    const seen = await inTenant(db, [stranger.orgId], async (tx) => {
      const { rows } = await sql<{ n: number }>`
        select ((select count(*) from budget) + (select count(*) from reservation)
                + (select count(*) from spend))::int as n
      `.execute(tx);
      return rows[0]?.n;
    });
    expect(seen).toBe(0);
    await expect(
      inTenant(db, [account.orgId], (tx) => sql`update spend set cost_pusd = 0`.execute(tx)),
    ).rejects.toThrow(/permission denied/);
    await expect(
      inTenant(db, [account.orgId], (tx) => sql`delete from spend`.execute(tx)),
    ).rejects.toThrow(/permission denied/);
    await expect(
      inTenant(db, [account.orgId], (tx) => sql`select from spend_202611`.execute(tx)),
    ).rejects.toThrow(/permission denied/);
  });
});
