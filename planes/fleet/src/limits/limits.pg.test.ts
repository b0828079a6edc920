import { type Db, type Executor, inTenant, sql } from '@sagewai/postgres';
import { databaseTest as test, holdTransaction, makeTenant, untilWaiting } from '@sagewai/testing';
import { describe, expect } from 'vitest';

import { reportRuns } from '../dispatch/leases.sql.ts';
import { cancelRun, type Claimed, claimWithin, submitRuns } from '../dispatch/queue.sql.ts';
import { makePlace, newRun, type Place, requestOf } from '../queue-fixture.ts';
import { countPending, readPending } from '../scaling/counts.sql.ts';
import { type Limits, NO_LIMITS } from './limit.ts';
import {
  mendLimits,
  readBacklog,
  readBindings,
  readLimit,
  readLimits,
  readProjectFacts,
  readProjectNames,
  setLimits,
  setPaused,
  takeRoom,
} from './limits.sql.ts';

const FAR = 1_000_000_000;
const place = async (db: Db): Promise<Place> => makePlace(db, await makeTenant(db));

type Of = 'project' | 'pool' | 'both';
const at = ({ tenant: { orgId, projectId } }: Place, of: Of = 'project') => ({
  orgId,
  pool: of === 'project' ? null : 'default',
  projectId: of === 'pool' ? null : projectId,
});

const limit = (db: Db, here: Place, limits: Partial<Limits>, of: Of = 'project') =>
  inTenant(db, [here.tenant.orgId], (tx) =>
    setLimits(tx, at(here, of), { ...NO_LIMITS, ...limits }),
  );

const pause = (db: Db, here: Place, paused: boolean, of: Of = 'project') =>
  inTenant(db, [here.tenant.orgId], (tx) => setPaused(tx, at(here, of), paused));

const submit = (db: Db, here: Place, count: number) =>
  submitRuns(
    db,
    Array.from({ length: count }, () => newRun(here)),
  );

/** So many of one subqueue, and what held the rest back. */
const claim = async (db: Db, here: Place, slots: number): Promise<[number, string | null]> => {
  const { runs, cuts } = await claimWithin(db, requestOf(here, { slots }));
  return [runs.length, cuts[0]?.held ?? null];
};

const report = (db: Db, here: Place, { runs }: Claimed) =>
  reportRuns(
    db,
    runs.map(({ runId, epoch }) => ({
      runId,
      epoch,
      orgId: here.tenant.orgId,
      workerNum: here.num,
      sessionEpoch: 1n,
      status: 'completed' as const,
      output: null,
      error: null,
      retry: false,
      errorClass: null,
      deadLetter: false,
    })),
    0,
  );

describe('a cap', () => {
  test('is kept by two that claim at once, and is free again when one does not commit (F7)', async ({
    db,
    owner,
  }) => {
    const here = await place(db);
    await limit(db, here, { maxRunning: 2 });
    await submit(db, here, 6);
    const wide = requestOf(here, { slots: 2 });
    {
      await using held = await holdTransaction(db, [here.tenant.orgId], (tx) =>
        claimWithin(tx, wide),
      );
      expect(held.output.runs).toHaveLength(2);
      const other = claim(db, here, 3);
      await untilWaiting(owner);
      await held.rollback();
      expect(await other).toEqual([2, 'cap']);
    }
    expect(await claim(db, here, 3)).toEqual([0, 'cap']);
  });

  test('is not exceeded by a claim that waited for another (F7)', async ({ db, owner }) => {
    const here = await place(db);
    await limit(db, here, { maxRunning: 3 });
    await submit(db, here, 6);
    await using held = await holdTransaction(db, [here.tenant.orgId], (tx) =>
      claimWithin(tx, requestOf(here, { slots: 2 })),
    );
    const other = claim(db, here, 5);
    await untilWaiting(owner);
    await held.commit();
    expect(await other).toEqual([1, 'cap']);
  });

  test('has room as soon as a run ends, whoever ends it (F7)', async ({ db }) => {
    const here = await place(db);
    await limit(db, here, { maxRunning: 2 });
    await submit(db, here, 6);
    const first = await claimWithin(db, requestOf(here, { slots: 9 }));
    expect(first.cuts).toMatchObject([{ held: 'cap', limit: 'project', admitted: 2 }]);
    await report(db, here, first);
    expect(await claim(db, here, 9)).toEqual([2, 'cap']);
  });

  test('counts what ran before it was set, and holds nothing back once it is gone', async ({
    db,
  }) => {
    const here = await place(db);
    await submit(db, here, 6);
    expect(await claim(db, here, 3)).toEqual([3, null]);
    await limit(db, here, { maxRunning: 2 });
    expect(await claim(db, here, 3)).toEqual([0, 'cap']);
    await limit(db, here, { maxRunning: 4 });
    expect(await claim(db, here, 3)).toEqual([1, 'cap']);
    await limit(db, here, {});
    expect(await claim(db, here, 3)).toEqual([2, null]);
  });

  test('of a concurrency key is its own, and leaves the others of the project alone (F5, F7)', async ({
    db,
    owner,
  }) => {
    const { tenant, num, workerId } = await place(db);
    const keyed = async (key: string): Promise<Place> => {
      const { sq } = await makePlace(db, tenant, { key, limit: 1 });
      return { tenant, num, workerId, sq };
    };
    const [one, other] = [await keyed('one'), await keyed('other')];
    await submit(db, one, 3);
    await submit(db, other, 3);
    const wants = [one, other].map(({ sq }) => ({ sq, prio: 0, count: 2, floor: 0n }));
    const both = requestOf(one, { slots: 4, wants });
    await using held = await holdTransaction(db, [tenant.orgId], (tx) => claimWithin(tx, both));
    expect(held.output.runs).toHaveLength(2);
    expect(new Set(held.output.runs.map(({ sq }) => sq))).toEqual(new Set([one.sq, other.sq]));
    const again = claimWithin(db, requestOf(one, { slots: 4, wants }));
    await untilWaiting(owner);
    await held.commit();
    expect((await again).runs).toEqual([]);
    expect((await again).cuts.map((cut) => [cut.limit, cut.held])).toEqual([
      ['key', 'cap'],
      ['key', 'cap'],
    ]);
    expect(await readBindings(db, tenant.orgId, one.sq)).toMatchObject([
      { key: 'one', maxRunning: 1, room: 0, held: 'cap' },
    ]);
  });

  test('of a concurrency key is what the last submission said', async ({ db }) => {
    const here = await place(db);
    const { sq } = await makePlace(db, here.tenant, { key: 'k', limit: 1 });
    const keyed = { ...here, sq };
    await submitRuns(
      db,
      [1, 3, 2].map((keyLimit) => newRun(keyed, { keyLimit })),
    );
    expect(await claim(db, keyed, 9)).toEqual([2, 'cap']);
  });

  test('costs a claim without one no row of the table of limits (F4)', async ({ db }) => {
    const here = await place(db);
    const other = await place(db);
    await limit(db, other, { maxRunning: 1, maxQueued: 9, rate: { starts: 9, perMs: 1_000 } });
    await submit(db, here, 3);
    const count = async (tx: Executor): Promise<Record<string, number>> => {
      const { rows } = await sql<{ table: string; rows: number }>`
        select relname as table,
               (coalesce(idx_tup_fetch, 0) + n_tup_ins + n_tup_upd + n_tup_del)::int as rows
        from pg_stat_xact_user_tables where relname in ('dispatch_limit', 'subqueue', 'ready', 'lease')
      `.execute(tx);
      return Object.fromEntries(rows.map((row) => [row.table, row.rows]));
    };
    const touched = await inTenant(db, [here.tenant.orgId], async (tx) => {
      const before = await count(tx);
      expect((await claimWithin(tx, requestOf(here, { slots: 2 }))).runs).toHaveLength(2);
      const after = Object.entries(await count(tx));
      return Object.fromEntries(after.map(([table, rows]) => [table, rows - (before[table] ?? 0)]));
    });
    expect(touched).toMatchObject({ dispatch_limit: 0, subqueue: 0, lease: 2 });
    expect(touched['ready']).toBeLessThanOrEqual(2 * 2);
  });
});

describe('a rate', () => {
  test('starts no more than it says in any stretch of its period, and nearly as many (F7)', async ({
    db,
  }) => {
    const here = await place(db);
    await limit(db, here, { rate: { starts: 7, perMs: 20_000 } }, 'both');
    await submit(db, here, 200);
    const starts: number[] = [];
    // Asks in odd steps of the database's clock, never twice at the same distance to its slots.
    for (let second = 0; second < 70; second += 0.7) {
      const [count, asOf] = await inTenant(db, [here.tenant.orgId], async (tx) => {
        const { rows } = await sql<{ at: number }>`
          with moved as (select set_config('sagewai.clock_offset_seconds', ${String(FAR + second)}, true))
          select extract(epoch from app_clock())::float8 as at from moved
        `.execute(tx);
        return [
          (await claimWithin(tx, requestOf(here, { slots: 3 }))).runs.length,
          rows[0]?.at ?? 0,
        ];
      });
      starts.push(...Array.from({ length: count }, () => asOf));
    }
    for (const from of starts) {
      const within = starts.filter((one) => one >= from && one < from + 20);
      expect(within.length).toBeLessThanOrEqual(7);
    }
    expect(starts.length).toBeGreaterThanOrEqual(3 * 7);
  });

  test('is kept by two that claim at once, and says when there is room (F7)', async ({
    db,
    owner,
  }) => {
    const here = await place(db);
    await limit(db, here, { rate: { starts: 3, perMs: 60_000 } }, 'pool');
    await submit(db, here, 9);
    await using held = await holdTransaction(db, [here.tenant.orgId], (tx) =>
      claimWithin(tx, requestOf(here, { slots: 2 })),
    );
    const other = claimWithin(db, requestOf(here, { slots: 2 }));
    await untilWaiting(owner);
    await held.commit();
    const { runs, cuts } = await other;
    expect(runs).toHaveLength(1);
    expect(cuts).toMatchObject([{ limit: 'pool', held: 'rate', admitted: 1 }]);
    expect(cuts[0]?.heldMs).toBeGreaterThan(50_000);
    expect(cuts[0]?.heldMs).toBeLessThanOrEqual(63_000);
  });
});

describe('a pause', () => {
  test('of a project or a pool starts nothing more, and what runs may end', async ({ db }) => {
    const here = await place(db);
    await submit(db, here, 6);
    for (const of of ['project', 'pool', 'both'] as const) {
      const running = await claimWithin(db, requestOf(here, { slots: 1 }));
      expect(running.runs).toHaveLength(1);
      expect(await pause(db, here, true, of)).toBe(true);
      expect(await pause(db, here, true, of)).toBe(false);
      expect(await claim(db, here, 1)).toEqual([0, 'paused']);
      expect(await report(db, here, running)).toMatchObject([{ how: 'ok' }]);
      expect(await pause(db, here, false, of)).toBe(true);
      expect(await pause(db, here, false, of)).toBe(false);
    }
    expect(await claim(db, here, 1)).toEqual([1, null]);
  });
});

describe('a bound', () => {
  test('is not exceeded by two that submit at once (F8)', async ({ db, owner }) => {
    const here = await place(db);
    for (const of of ['project', 'pool', 'both'] as const)
      await limit(db, here, { maxQueued: 3 }, of);
    await using held = await holdTransaction(db, [here.tenant.orgId], (tx) =>
      submitRuns(tx, [newRun(here), newRun(here)]),
    );
    const other = submit(db, here, 2).catch((error: unknown) => error);
    await untilWaiting(owner);
    await held.commit();
    expect(await other).toMatchObject({ code: 'QF429' });
    expect(await submit(db, here, 1)).toMatchObject([{ how: 'new' }]);
    expect(await claim(db, here, 9)).toEqual([3, null]);
    expect(await submit(db, here, 3)).toHaveLength(3);
  });

  test('takes a batch whole or not at all, and counts no repeated submission (F8)', async ({
    db,
    owner,
  }) => {
    const here = await place(db);
    await limit(db, here, { maxQueued: 3 });
    const known = newRun(here, { idempotencyKey: 'k' });
    await submitRuns(db, [known, newRun(here)]);
    await expect(submit(db, here, 2)).rejects.toMatchObject({ code: 'QF429' });
    const { rows } = await sql<{ n: number }>`select count(*)::int as n from run`.execute(owner);
    expect(rows).toEqual([{ n: 2 }]);
    const again = { ...known, runId: newRun(here).runId };
    expect(await submitRuns(db, [again, newRun(here)])).toMatchObject([
      { how: 'same' },
      { how: 'new' },
    ]);
    expect(await submitRuns(db, [again])).toMatchObject([{ how: 'same' }]);
  });

  test('counts anew what was cancelled in the queue, and what waited before it was set (F8)', async ({
    db,
    dispatch,
  }) => {
    const here = await place(db);
    const [first] = await submit(db, here, 3);
    await limit(db, here, { maxQueued: 3 });
    await expect(submit(db, here, 1)).rejects.toMatchObject({ code: 'QF429' });
    if (first) await inTenant(db, [here.tenant.orgId], (tx) => cancelRun(tx, first.runId));
    await mendLimits(dispatch, FAR);
    expect(await submit(db, here, 1)).toHaveLength(1);
  });

  test('of the server is given out in pieces, as of the last count (F8)', async ({
    db,
    dispatch,
  }) => {
    const here = await place(db);
    expect(await takeRoom(dispatch, 5)).toBe(5);
    await submit(db, here, 4);
    await mendLimits(dispatch, 10);
    expect(await takeRoom(dispatch, 4)).toBe(4);
    expect(await takeRoom(dispatch, 4)).toBe(2);
    expect(await takeRoom(dispatch, 4)).toBe(0);
    await claim(db, here, 3);
    await mendLimits(dispatch, 10);
    expect(await takeRoom(dispatch, 100)).toBe(9);
  });
});

describe('what is counted', () => {
  test('has what a limit holds back apart from what waits for a worker', async ({
    db,
    dispatch,
  }) => {
    const here = await place(db);
    const free = await place(db);
    const idle = await place(db);
    await limit(db, here, { maxRunning: 3 });
    await limit(db, here, { rate: { starts: 9, perMs: 60_000 } }, 'pool');
    await submit(db, here, 6);
    await submit(db, free, 4);
    await claim(db, here, 1);
    const countsOf = async ({ tenant: { orgId } }: Place) => {
      await countPending(db, { heardMs: 60_000, probeStaleMs: 60_000 });
      const [counts] = await readBacklog(dispatch, orgId);
      const { pending, paused, cap, rate, oldestAt } = counts ?? {};
      return { pending, paused, cap, rate, waits: oldestAt !== null };
    };
    expect(await countsOf(here)).toEqual({ pending: 2, paused: 0, cap: 3, rate: 0, waits: true });
    expect(await countsOf(free)).toEqual({ pending: 4, paused: 0, cap: 0, rate: 0, waits: true });
    expect(await countsOf(idle)).toEqual({ pending: 0, paused: 0, cap: 0, rate: 0, waits: false });
    expect(await readPending(db)).toMatchObject([{ pending: 6, blockedByQuota: 3 }]);
    await pause(db, here, true);
    expect(await countsOf(here)).toEqual({ pending: 0, paused: 5, cap: 0, rate: 0, waits: true });
    expect(await readPending(db)).toMatchObject([{ pending: 4, blockedByQuota: 5 }]);
    expect(await readBacklog(dispatch, null)).toHaveLength(3);
  });
});

describe('what was set', () => {
  test('is read by the organization alone, and by all replicas for fairness', async ({
    db,
    dispatch,
  }) => {
    const tenant = await makeTenant(db);
    const here = await makePlace(db, tenant);
    const { orgId, projectId, projectName } = tenant;
    await limit(db, here, { weight: 2.5 });
    await limit(db, here, { maxQueued: 5, rate: { starts: 1, perMs: 2_000 } }, 'pool');
    const other = await place(db);
    expect(await readLimits(db, other.tenant.orgId)).toEqual([]);
    expect(await readLimits(db, orgId)).toMatchObject([
      { projectId, pool: null, weight: 2.5, paused: false },
      { projectId: null, pool: 'default', maxQueued: 5, rate: { starts: 1, perMs: 2_000 } },
    ]);
    expect(await readProjectFacts(dispatch)).toEqual([{ projectId, weight: 2.5, isCapped: false }]);
    await inTenant(db, [orgId], async (tx) => {
      expect(await readLimit(tx, at(here))).toMatchObject({ weight: 2.5 });
      expect(await readLimit(tx, at(here, 'both'))).toBeNull();
      expect(await readProjectNames(tx, orgId, null)).toEqual([{ projectId, name: projectName }]);
      expect(await readProjectNames(tx, orgId, other.tenant.projectId)).toEqual([]);
    });
  });
});
