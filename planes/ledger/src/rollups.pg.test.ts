import { randomUUID } from 'node:crypto';

import { type Db, inTenant, sql, type Tx } from '@sagewai/postgres';
import {
  databaseTest as test,
  holdTransaction,
  makeTenant,
  randomHistories,
  untilWaiting,
} from '@sagewai/testing';
import type { KeyId, ProjectId } from '@sagewai/wire';
import fc from 'fast-check';
import { describe, expect } from 'vitest';

import { expireDue, reserveAll, settleAll } from './calls.sql.ts';
import { checkLedger } from './check-ledger.sql.ts';
import {
  type Account,
  callOf,
  limit,
  nextCallId,
  setClock,
  settlementOf,
  stopClock,
  untilEnded,
} from './fixture.sql.ts';
import { checkRollups, findOrgsToFold, foldSpend, markFolded } from './rollups.sql.ts';
import { reportSpend } from './spend-report.sql.ts';
import type { ReportQuery } from './spend-report.ts';

const PAGE = { offset: 0, limit: 100 };

async function accountOf(db: Db): Promise<Account> {
  const { orgId, projectId } = await makeTenant(db);
  return { orgId, projectId, keyId: randomUUID() as KeyId };
}

const report = (db: Db, { orgId }: Account, query: Partial<ReportQuery> = {}) =>
  inTenant(db, [orgId], (tx) => reportSpend(tx, { orgId, by: [], page: PAGE, ...query }));

const costOf = async (db: Db, account: Account) => (await report(db, account)).totals.costPusd;

/** As the job does it, when what is booked is older than every transaction of the cluster. */
async function foldAll(db: Db, dispatch: Db): Promise<readonly string[]> {
  await untilEnded(dispatch);
  return fold(db, dispatch);
}

async function fold(db: Db, dispatch: Db): Promise<readonly string[]> {
  const { orgIds, mark } = await findOrgsToFold(dispatch);
  for (const orgId of orgIds) await foldSpend(db, orgId);
  await markFolded(dispatch, mark);
  return orgIds;
}

async function spend(db: Db, account: Account, cost: bigint, changed = {}): Promise<void> {
  const call = callOf(account, cost, changed);
  await reserveAll(db, [call]);
  await settleAll(db, [settlementOf(call)]);
}

/** Books another call like the one that there is. */
async function copyRow(tx: Tx, cost: bigint): Promise<void> {
  await sql`
    insert into spend (
      id, entry, org_id, project_id, key_id, cost_pusd, input_tokens, cached_input_tokens,
      cache_write_tokens, output_tokens, reserved_pusd, reserved_tokens, overrun_pusd, overrun_tokens,
      price_known, started_at, at, usage_source, status, model, deployment)
    select ${nextCallId()}, entry, org_id, project_id, key_id, ${cost}, input_tokens,
           cached_input_tokens, cache_write_tokens, output_tokens, reserved_pusd, reserved_tokens,
           overrun_pusd, overrun_tokens, price_known, started_at, at, usage_source, status, model,
           deployment
    from spend
  `.execute(tx);
}

const foldedCost = async (owner: Db): Promise<bigint> => {
  const { rows } = await sql<{ cost: bigint }>`
    select coalesce(sum(cost_pusd), 0)::numeric as cost from spend_daily where kind = 'call'
  `.execute(owner);
  return rows[0]?.cost ?? -1n;
};

describe('sums and the rows that are in none of them', () => {
  test('are together what the rows are, whatever was folded (R1)', async ({
    db,
    dispatch,
    owner,
  }) => {
    const account = await accountOf(db);
    await spend(db, account, 5n);
    expect(await costOf(db, account)).toBe(5n);
    expect(await foldAll(db, dispatch)).toEqual([account.orgId]);
    expect(await foldedCost(owner)).toBe(5n);
    expect(await costOf(db, account)).toBe(5n);
    await spend(db, account, 7n);
    expect(await costOf(db, account)).toBe(12n);
    expect(await foldedCost(owner)).toBe(5n);
    await foldAll(db, dispatch);
    expect(await foldedCost(owner)).toBe(12n);
    expect(await checkRollups(db, account.orgId)).toEqual([]);
    expect(await foldAll(db, dispatch)).toEqual([]);
  });

  test('leave out what a transaction books that has not ended (R1)', async ({
    db,
    dispatch,
    owner,
  }) => {
    const account = await accountOf(db);
    await spend(db, account, 3n);
    await untilEnded(dispatch);
    // A statement that has booked a call and has not ended; without its locks, on which others wait.
    await using early = await holdTransaction(db, [account.orgId], (tx) => copyRow(tx, 5n));
    await spend(db, account, 7n);
    await fold(db, dispatch);
    // What was booked after it, by a transaction that has ended, waits for it too.
    expect(await foldedCost(owner)).toBe(3n);
    expect(await costOf(db, account)).toBe(10n);
    await early.commit();
    expect(await costOf(db, account)).toBe(15n);
    await foldAll(db, dispatch);
    expect(await foldedCost(owner)).toBe(15n);
    expect(await checkRollups(db, account.orgId)).toEqual([]);
  });

  test('are counted once by whoever reads while they are folded (R1)', async ({
    db,
    dispatch,
    owner,
  }) => {
    const account = await accountOf(db);
    await spend(db, account, 2n);
    await foldAll(db, dispatch);
    await spend(db, account, 3n);
    await untilEnded(dispatch);
    await using folding = await holdTransaction(db, [account.orgId], (tx) =>
      sql`select ledger_fold(${account.orgId})`.execute(tx),
    );
    expect(await costOf(db, account)).toBe(5n);
    // A second one waits for the first, and then has nothing to add.
    const second = foldSpend(db, account.orgId);
    await untilWaiting(owner);
    await folding.commit();
    await second;
    expect(await costOf(db, account)).toBe(5n);
    expect(await foldedCost(owner)).toBe(5n);
    await foldAll(db, dispatch);
    expect(await checkRollups(db, account.orgId)).toEqual([]);
  });

  test('are added once where two replicas fold at once (R1)', async ({ db, dispatch, owner }) => {
    const account = await accountOf(db);
    await spend(db, account, 2n);
    await foldAll(db, dispatch);
    await spend(db, account, 3n);
    await untilEnded(dispatch);
    // The first has read up to where it was folded, and has added nothing yet.
    const read = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const first = inTenant(db, [account.orgId], async (tx) => {
      await sql`select folded_until from spend_fold for update`.execute(tx);
      read.resolve();
      await goOn.promise;
      await sql`select ledger_fold(${account.orgId})`.execute(tx);
    });
    await read.promise;
    const second = foldSpend(db, account.orgId);
    await untilWaiting(owner);
    goOn.resolve();
    await Promise.all([first, second]);
    expect(await foldedCost(owner)).toBe(5n);
  });

  test('do not count in another cluster until they are folded anew (R2)', async ({
    db,
    dispatch,
    owner,
  }) => {
    const account = await accountOf(db);
    await spend(db, account, 5n);
    await foldAll(db, dispatch);
    await spend(db, account, 7n);
    await untilEnded(dispatch);
    // As after a restore: what was kept has the numbers of another cluster, higher than any here.
    await sql`update spend_fold set cluster = 1, folded_until = 9e15::bigint`.execute(owner);
    await sql`update spend_fold_mark set cluster = 1, folded_until = 9e15::bigint`.execute(owner);
    await sql`update spend set booked_xid = 8e15::bigint where cost_pusd = 5`.execute(owner);
    expect(await costOf(db, account)).toBe(12n);
    expect(await checkRollups(db, account.orgId)).toEqual([]);
    await fold(db, dispatch);
    expect(await foldedCost(owner)).toBe(7n);
    expect(await costOf(db, account)).toBe(12n);
    await spend(db, account, 11n);
    await fold(db, dispatch);
    expect(await costOf(db, account)).toBe(23n);
    expect(await checkRollups(db, account.orgId)).toEqual([]);
  });

  test('are made anew where somebody says that they do not count (R2)', async ({
    db,
    dispatch,
    owner,
  }) => {
    const account = await accountOf(db);
    await spend(db, account, 5n);
    await foldAll(db, dispatch);
    await sql`update spend_daily set cost_pusd = 3`.execute(owner);
    expect(await costOf(db, account)).toBe(3n);
    await sql`update spend_fold set cluster = 0`.execute(owner);
    expect(await costOf(db, account)).toBe(5n);
    await sql`delete from spend_fold_mark`.execute(owner);
    expect(await foldAll(db, dispatch)).toEqual([account.orgId]);
    expect(await foldedCost(owner)).toBe(5n);
    expect(await costOf(db, account)).toBe(5n);
  });

  test('of an organization that rested are not looked for in what others booked (R3)', async ({
    db,
    dispatch,
    owner,
  }) => {
    const resting = await accountOf(db);
    const busy = await accountOf(db);
    await spend(db, resting, 5n);
    await foldAll(db, dispatch);
    for (const cost of [1n, 2n]) {
      await spend(db, busy, cost);
      expect(await foldAll(db, dispatch)).toEqual([busy.orgId]);
    }
    const { rows } = await sql<{ is: boolean }>`
      select (select folded_until from spend_fold_mark) > f.folded_until as is
      from spend_fold f where f.org_id = ${resting.orgId}
    `.execute(owner);
    expect(rows).toEqual([{ is: true }]);
    await spend(db, resting, 7n);
    expect(await costOf(db, resting)).toBe(12n);
    expect(await costOf(db, busy)).toBe(3n);
    await foldAll(db, dispatch);
    expect(await costOf(db, resting)).toBe(12n);
    expect(await checkRollups(db, resting.orgId)).toEqual([]);
  });

  test('that are wrong are found, to the pico-dollar', async ({ db, dispatch, owner }) => {
    const account = await accountOf(db);
    await spend(db, account, 5n, { tags: ['a'] });
    await foldAll(db, dispatch);
    await sql`update spend_daily set cost_pusd = cost_pusd - 1 where kind = 'tag'`.execute(owner);
    expect(await checkRollups(db, account.orgId)).toMatchObject([
      { kind: 'tag', name: 'a', told: { costPusd: 4n }, derived: { costPusd: 5n } },
    ]);
  });
});

describe('a report', () => {
  test('tells apart what it is asked to, with the totals of all', async ({
    db,
    dispatch,
    owner,
  }) => {
    await stopClock(owner, '2026-11-21T23:59:00Z');
    const account = await accountOf(db);
    const other = { ...account, keyId: null };
    await spend(db, account, 5n, { model: 'a', agent: 'x', tags: ['t', 'u', 't'], sessionId: 's' });
    await spend(db, account, 20n, { model: 'b', tags: ['t'] });
    await foldAll(db, dispatch);
    await setClock(owner, '2026-11-22T00:01:00Z');
    await spend(db, account, 3n, { model: 'a', sessionId: 's' });
    const call = callOf(account, 100n, { model: 'a', keyId: other.keyId });
    await reserveAll(db, [call]);
    await settleAll(db, [settlementOf(call, { costPusd: null, status: 'error' })]);

    const byModel = await report(db, account, { by: ['model'] });
    expect(byModel.totals).toMatchObject({
      calls: 4n,
      costPusd: 28n,
      failedCalls: 1n,
      unpricedCalls: 1n,
    });
    expect(byModel.groups).toMatchObject([
      { model: 'b', costPusd: 20n, calls: 1n, day: null, keyId: null },
      { model: 'a', costPusd: 8n, calls: 3n },
    ]);
    const byDay = await report(db, account, { by: ['day', 'key'] });
    expect(byDay.groups).toMatchObject([
      { day: '2026-11-21', keyId: account.keyId, costPusd: 25n },
      { day: '2026-11-22', keyId: account.keyId, costPusd: 3n },
      { day: '2026-11-22', keyId: null, costPusd: 0n },
    ]);
    const byTag = await report(db, account, { by: ['tag'] });
    expect(byTag.groups).toMatchObject([
      { tag: 't', costPusd: 25n, calls: 2n },
      { tag: 'u', costPusd: 5n, calls: 1n },
    ]);
    const session = await report(db, account, { by: ['agent'], only: { session: 's' } });
    expect(session.groups).toMatchObject([
      { agent: 'x', costPusd: 5n },
      { agent: null, costPusd: 3n },
    ]);
    const day = { from: '2026-11-22', until: '2026-11-22' };
    expect((await report(db, account, day)).totals).toMatchObject({ costPusd: 3n, calls: 2n });
    const only = { projectId: account.projectId, keyIds: [account.keyId], model: 'a', agent: 'x' };
    expect((await report(db, account, { only })).totals.costPusd).toBe(5n);
    const nobody = { projectId: randomUUID() as ProjectId };
    expect(await report(db, account, { only: nobody, by: ['day'] })).toMatchObject({
      groups: [],
      totals: { calls: 0n, costPusd: 0n },
    });
  });

  test('is told page by page, each with the totals of all', async ({ db }) => {
    const account = await accountOf(db);
    for (const cost of [1n, 2n, 3n]) await spend(db, account, cost, { model: `m${cost}` });
    const page = async (offset: number) => {
      const { groups, totals } = await report(db, account, {
        by: ['model'],
        page: { offset, limit: 2 },
      });
      expect(totals.costPusd).toBe(6n);
      return groups.map(({ model }) => model);
    };
    expect(await page(0)).toEqual(['m3', 'm2']);
    expect(await page(2)).toEqual(['m1']);
    expect(await page(3)).toEqual([]);
  });
});

test('after any history the rows, the sums and the budgets agree (B4, R1)', async ({
  db,
  dispatch,
  owner,
}) => {
  await stopClock(owner, '2026-11-21T23:58:00Z');
  let now = Date.parse('2026-11-21T23:58:00Z');
  const step = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant('call' as const),
        cost: fc.bigInt(0n, 1_000n),
        over: fc.boolean(),
        settled: fc.boolean(),
        model: fc.constantFrom('a', 'b'),
        agent: fc.constantFrom(null, 'x'),
        tags: fc.subarray(['t', 'u']),
        sessionId: fc.constantFrom(null, 's'),
      }),
    },
    { weight: 2, arbitrary: fc.constant({ kind: 'fold' as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'late' as const }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(90_000_000) }),
    },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const account = await accountOf(db);
      await limit(db, account, 'key', { usdPerDay: 10n ** 12n });
      const open: ReturnType<typeof callOf>[] = [];
      for (const one of steps) {
        if (one.kind === 'fold') await fold(db, dispatch);
        else if (one.kind === 'wait') await setClock(owner, new Date((now += one.ms)));
        else if (one.kind === 'late') {
          // What nobody settled is booked, and corrected afterwards.
          await setClock(owner, new Date((now += 601_000)));
          await expireDue(db, [account.orgId], 100);
          const late = open.splice(0).map((call) => settlementOf(call, { costPusd: 1n }));
          if (late.length > 0) await settleAll(db, late);
        } else {
          const { kind: _, cost, over, settled, ...of } = one;
          const call = callOf(account, cost, of);
          await reserveAll(db, [call]);
          if (!settled) open.push(call);
          else await settleAll(db, [settlementOf(call, over ? { costPusd: cost + 7n } : {})]);
        }
      }
      expect(await checkRollups(db, account.orgId)).toEqual([]);
      expect(await checkLedger(db, [account.orgId])).toEqual([]);
    }),
    randomHistories({ numRuns: 12, timeMs: 6_000 }),
  );
}, 30_000);
