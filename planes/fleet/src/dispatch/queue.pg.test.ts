import { randomUUID } from 'node:crypto';

import { type Db, type Executor, inTenant, sql } from '@sagewai/postgres';
import { databaseTest as test, holdTransaction, makeTenant, untilWaiting } from '@sagewai/testing';
import type { RunId } from '@sagewai/wire';
import { describe, expect } from 'vitest';

import { readSubqueues } from '../matching/subqueues.sql.ts';
import { makePlace, newRun, type Place, requestOf } from '../queue-fixture.ts';
import { forgetKeys, forgetLost, makePartitions } from '../retention/retention.sql.ts';
import type { NewRun } from '../runs/run.ts';
import { areAlive, takeBack } from './leases.sql.ts';
import {
  cancelRun,
  type ClaimAnswer,
  claimRuns,
  expireRuns,
  findGiven,
  findNonempty,
  internSubqueue,
  releaseScheduled,
  submitRuns,
} from './queue.sql.ts';

const place = async (db: Db, tenant?: Place['tenant']): Promise<Place> =>
  makePlace(db, tenant ?? (await makeTenant(db)));
const request = requestOf;

const idsOf = (answers: readonly ClaimAnswer[]): string[] => answers.map(({ runId }) => runId);

async function countReady(db: Executor): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from ready`.execute(db);
  return rows[0]?.n ?? 0;
}

describe('submitRuns', () => {
  test('stores and queues all of them, in their order (F2)', async ({ db, owner }) => {
    const here = await place(db);
    const runs = Array.from({ length: 20 }, () => newRun(here));
    const stored = await submitRuns(db, runs);
    expect(stored).toEqual(runs.map(({ runId }) => ({ runId, how: 'new' })));
    const { rows } = await sql<{ runId: string }>`
      select run_id as "runId" from ready order by seq
    `.execute(owner);
    expect(rows.map(({ runId }) => runId)).toEqual(runs.map(({ runId }) => runId));
  });

  test('gives the same run for the same key and request, and a conflict for another request', async ({
    db,
  }) => {
    const here = await place(db);
    const first = newRun(here, { idempotencyKey: 'k', requestHash: 'one' });
    const again = newRun(here, { idempotencyKey: 'k', requestHash: 'one' });
    const misused = newRun(here, { idempotencyKey: 'k', requestHash: 'two' });
    const { runId } = first;
    expect(await submitRuns(db, [first, again, misused])).toEqual([
      { runId, how: 'new' },
      { runId, how: 'same' },
      { runId, how: 'conflict' },
    ]);
    expect(await submitRuns(db, [again])).toEqual([{ runId, how: 'same' }]);
    expect(await findNonempty(db)).toMatchObject([{ sq: here.sq, prio: 0 }]);
  });

  test('waits for the same key in another transaction, and stores one run', async ({
    db,
    owner,
  }) => {
    const here = await place(db);
    const [first, second] = [1, 2].map(() => newRun(here, { idempotencyKey: 'k' })) as [
      NewRun,
      NewRun,
    ];
    await using held = await holdTransaction(db, [here.tenant.orgId], (tx) =>
      submitRuns(tx, [first]),
    );
    const other = submitRuns(db, [second]);
    await untilWaiting(owner);
    await held.commit();
    expect(await other).toEqual([{ runId: first.runId, how: 'same' }]);
    expect(await countReady(owner)).toBe(1);
  });

  test('records one audit entry for a batch, and none without new runs', async ({ db, owner }) => {
    const here = await place(db);
    const run = newRun(here, { idempotencyKey: 'k' });
    await submitRuns(db, [run, newRun(here)]);
    await submitRuns(db, [newRun(here, { idempotencyKey: 'k' })]);
    const { rows } = await sql<{ action: string; count: string }>`
      select action, details::jsonb ->> 'count' as count from audit_entry
    `.execute(owner);
    expect(rows).toEqual([{ action: 'run.submitted', count: '2' }]);
  });
});

describe('claimRuns', () => {
  test('gives each run to one of two that claim at once (F1)', async ({ db, owner }) => {
    const here = await place(db);
    await submitRuns(db, [newRun(here), newRun(here), newRun(here)]);
    await using held = await holdTransaction(db, [here.tenant.orgId], (tx) =>
      claimRuns(tx, request(here, { slots: 2 })),
    );
    // Another worker: it passes over the locked runs and waits for its turn in the audit log alone.
    const there = await place(db, here.tenant);
    const other = claimRuns(db, request(there, { slots: 1 }));
    await untilWaiting(owner);
    await held.commit();
    expect(held.output).toHaveLength(2);
    expect(await other).toHaveLength(1);
    expect(new Set([...idsOf(held.output), ...idsOf(await other)]).size).toBe(3);
  });

  test('leaves the runs in the queue when it does not commit (F2)', async ({ db, owner }) => {
    const here = await place(db);
    await submitRuns(db, [newRun(here)]);
    await using held = await holdTransaction(db, [here.tenant.orgId], (tx) =>
      claimRuns(tx, request(here)),
    );
    expect(held.output).toHaveLength(1);
    await held.rollback();
    expect(await countReady(owner)).toBe(1);
    expect(await claimRuns(db, request(here))).toHaveLength(1);
  });

  test('a look finds the polls that were given runs, and waits for one that is being given some (F6)', async ({
    db,
    dispatch,
    owner,
  }) => {
    const [here, there] = [await place(db), await place(db)];
    await submitRuns(db, [newRun(here), newRun(there)]);
    const [mine, other] = [request(here), request(there)];
    const polls = [mine, other].flatMap((one) => one.polls);
    await claimRuns(db, mine);
    await using held = await holdTransaction(db, [there.tenant.orgId], (tx) =>
      claimRuns(tx, other),
    );
    const unknown = polls.map((poll) => ({ ...poll, pollId: randomUUID() }));
    const found = findGiven(dispatch, [...unknown, ...polls, ...unknown]);
    await untilWaiting(owner);
    await held.commit();
    expect(await found).toEqual([false, false, true, true, false, false]);
    const older = polls.map((poll) => ({ ...poll, sessionEpoch: poll.sessionEpoch + 1n }));
    expect(await findGiven(dispatch, older)).toEqual([false, false]);
  });

  test('returns the same leases to the same poll, and takes nothing more for it (F6)', async ({
    db,
  }) => {
    const here = await place(db);
    await submitRuns(db, [newRun(here), newRun(here), newRun(here)]);
    const poll = request(here, { slots: 2 });
    const first = await claimRuns(db, poll);
    const again = await claimRuns(db, poll);
    const nameOf = ({ runId, epoch }: ClaimAnswer): string => `${runId} ${epoch}`;
    expect(again.map(nameOf).toSorted()).toEqual(first.map(nameOf).toSorted());
    expect(again.every(({ seq }) => seq === 0n)).toBe(true);
    expect(await claimRuns(db, request(here))).toHaveLength(1);
  });

  test('gives the same poll on two replicas at once one answer (F6)', async ({ db, owner }) => {
    const here = await place(db);
    await submitRuns(db, [newRun(here), newRun(here), newRun(here)]);
    const poll = request(here, { slots: 2 });
    await using held = await holdTransaction(db, [here.tenant.orgId], (tx) => claimRuns(tx, poll));
    const again = claimRuns(db, poll);
    await untilWaiting(owner);
    await held.commit();
    expect(idsOf(await again).toSorted()).toEqual(idsOf(held.output).toSorted());
    expect(await countReady(owner)).toBe(1);
  });

  test.for([
    ['a session that was replaced', sql`update worker_session set session_epoch = 2`],
    ['a worker that was revoked', sql`update worker_session set state = 'revoked'`],
    ['a worker of another organization', sql`update worker_session set org_id = gen_random_uuid()`],
  ] as const)('gives nothing to %s (F1, F3)', async ([, change], { db, owner }) => {
    const here = await place(db);
    await submitRuns(db, [newRun(here)]);
    await change.execute(owner);
    expect(await claimRuns(db, request(here))).toEqual([]);
    expect(await countReady(owner)).toBe(1);
  });

  test('never hands out the content of a run of another organization (F3)', async ({ db }) => {
    const here = await place(db);
    const foreign = await place(db);
    await submitRuns(db, [newRun(foreign, { payload: '{"secret":1}' })]);
    const answers = await claimRuns(db, request(here, { wants: request(foreign).wants }));
    expect(answers.map(({ payload }) => payload)).toEqual([null]);
  });

  test('shares out turn by turn: a poll for ten leaves a run to a poll for one', async ({ db }) => {
    const here = await place(db);
    const there = await place(db, here.tenant);
    await submitRuns(db, [newRun(here), newRun(here)]);
    const poll = { sessionEpoch: 1n, pollId: null };
    const polls = [
      { ...poll, workerNum: here.num, slots: 10 },
      { ...poll, workerNum: there.num, slots: 1 },
    ];
    const answers = await claimRuns(db, request(here, { polls }));
    expect(new Set(answers.map((answer) => answer.poll))).toEqual(new Set([0, 1]));
  });

  test('gives a worker without epochs no run that it has lost', async ({ db }) => {
    const here = await place(db);
    const other = await place(db, here.tenant);
    await submitRuns(db, [newRun(here)]);
    const leases = await claimRuns(db, request(here, { flatFor: here.num }));
    await takeBack(db, leases, { why: 'silent', counts: true });
    expect(await claimRuns(db, request(here, { flatFor: here.num }))).toEqual([]);
    expect(await claimRuns(db, request(other, { flatFor: other.num }))).toHaveLength(1);
  });

  test('costs the same in front of any backlog, matching or not, and scans nothing (F4)', async ({
    db,
    owner,
  }) => {
    const here = await place(db);
    const { orgId } = here.tenant;
    const count = async (tx: Executor): Promise<{ scans: number; touched: number }> => {
      const { rows } = await sql<{ scans: number; touched: number }>`
        select coalesce(sum(seq_scan), 0)::int as scans,
               coalesce(sum(idx_tup_fetch) filter (where relname = 'ready'), 0)::int as touched
        from pg_stat_xact_user_tables
        where relname in ('ready', 'lease', 'run_key') or relname like 'run\\_2%'
      `.execute(tx);
      return rows[0] ?? { scans: -1, touched: -1 };
    };
    const measure = async (): Promise<{ scans: number; touched: number }> => {
      await submitRuns(db, [newRun(here)]);
      return inTenant(db, [orgId], async (tx) => {
        const before = await count(tx);
        expect(await claimRuns(tx, request(here, { slots: 1 }))).toHaveLength(1);
        const after = await count(tx);
        return { scans: after.scans - before.scans, touched: after.touched - before.touched };
      });
    };
    // Often enough that the plan is made once and for all while there is nothing.
    for (let round = 0; round < 8; round++) await measure();
    const before = await measure();
    await sql`
      insert into ready (sq, prio, seq, run_id, attempt)
      select ${here.sq} + 1 + n % 50, n % 3, nextval('ready_seq'), gen_random_uuid(), 0
      from generate_series(1, 100000) as n
      union all
      select ${here.sq}, 0, 1000000 + n, gen_random_uuid(), 0 from generate_series(1, 50000) as n
    `.execute(owner);
    expect(await measure()).toEqual(before);
    const routing = {
      selectors: [{ label: 'memory', op: 'gte' as const, values: ['24'] }],
      preferences: [],
    };
    const requirement = { pool: 'default', model: '*', labels: {}, classesMax: 10, keysMax: 10 };
    const of = { ...here.tenant, ...requirement, concurrency: null };
    for (const more of [{ routing }, { workerNum: here.num + 1 }, { workerNum: here.num }]) {
      const sq = await internSubqueue(db, { ...of, ...more });
      await sql`
        insert into ready (sq, prio, seq, run_id, attempt)
        select ${sq}::integer, 0, 5000000 + n, gen_random_uuid(), 0 from generate_series(1, 20000) as n
      `.execute(owner);
    }
    expect(await measure()).toEqual(before);
    expect(before.scans).toBe(0);
    expect(before.touched).toBeLessThan(4);
  });
});

describe('cancelRun', () => {
  const cancel = (db: Db, { tenant }: Place, runId: RunId): Promise<string | null> =>
    inTenant(db, [tenant.orgId], (tx) => cancelRun(tx, runId));

  test('ends a queued run at once, a running one when its worker says so, and no ended one', async ({
    db,
    owner,
  }) => {
    const here = await place(db);
    const [queued, running] = [newRun(here), newRun(here, { prio: -1 })];
    await submitRuns(db, [queued, running]);
    const wants = [{ sq: here.sq, prio: -1, count: 1, floor: 0n }];
    const [lease] = await claimRuns(db, request(here, { wants }));
    expect(await cancel(db, here, queued.runId)).toBe('cancelled');
    expect(await cancel(db, here, queued.runId)).toBe('ended');
    expect(await countReady(owner)).toBe(0);
    expect(await cancel(db, here, running.runId)).toBe('requested');
    expect(await areAlive(db, [lease as ClaimAnswer])).toEqual([false]);
  });

  test('finds a run that was queued again, or put off', async ({ db, owner }) => {
    const here = await place(db);
    const [again, later] = [newRun(here), newRun(here)];
    await submitRuns(db, [again, later]);
    await takeBack(db, await claimRuns(db, request(here)), { why: 'x', counts: true });
    await sql`
      with moved as (delete from ready where run_id = ${later.runId} returning *)
      insert into scheduled (due_at, run_id, sq, prio, attempt)
      select now() + interval '1 hour', run_id, sq, prio, attempt from moved
    `.execute(owner);
    expect(await cancel(db, here, again.runId)).toBe('cancelled');
    expect(await cancel(db, here, later.runId)).toBe('cancelled');
  });

  test('asks the worker when a claim gets ahead of it (F1)', async ({ db, owner }) => {
    const here = await place(db);
    const run = newRun(here);
    await submitRuns(db, [run]);
    await using held = await holdTransaction(db, [here.tenant.orgId], (tx) =>
      claimRuns(tx, request(here)),
    );
    const cancelled = cancel(db, here, run.runId);
    await untilWaiting(owner);
    await held.commit();
    expect(await cancelled).toBe('requested');
  });

  test('knows nothing of another organization’s run', async ({ db }) => {
    const [here, foreign] = [await place(db), await place(db)];
    const run = newRun(foreign);
    await submitRuns(db, [run]);
    expect(await cancel(db, here, run.runId)).toBeNull();
  });
});

describe('expireRuns', () => {
  test('fails what is queued and what is running after its deadline, and nothing else', async ({
    db,
    owner,
  }) => {
    const here = await place(db);
    const deadline = new Date(Date.now() - 1_000);
    const [queued, running, ended, later] = [
      newRun(here, { deadline }),
      newRun(here, { deadline, prio: -1 }),
      newRun(here, { deadline }),
      newRun(here, { deadline: new Date(Date.now() + 60_000) }),
    ];
    await submitRuns(db, [queued, running, ended, later]);
    await inTenant(db, [here.tenant.orgId], (tx) => cancelRun(tx, ended.runId));
    const wants = [{ sq: here.sq, prio: -1, count: 1, floor: 0n }];
    const [lease] = await claimRuns(db, request(here, { wants }));
    const expired = await expireRuns(db, 10);
    expect(new Map(expired.map(({ runId, how }) => [runId, how]))).toEqual(
      new Map([
        [queued.runId, 'queued'],
        [running.runId, 'running'],
      ]),
    );
    expect(await areAlive(db, [lease as ClaimAnswer])).toEqual([false]);
    const { rows } = await sql<{ runId: string; error: string }>`
      select run_id as "runId", error from outcome where status = 'failed'
    `.execute(owner);
    expect(rows.find(({ runId }) => runId === queued.runId)?.error).toMatch(
      /before a worker took it/,
    );
    expect(rows.find(({ runId }) => runId === running.runId)?.error).toMatch(/while it ran/);
    expect(await expireRuns(db, 10)).toEqual([]);
    expect(await countReady(owner)).toBe(1);
  });
});

describe('the rest of the queue', () => {
  test('releases what is due, under a new number', async ({ db, owner }) => {
    const here = await place(db);
    await sql`
      insert into scheduled (due_at, run_id, sq, prio, attempt)
      select now() + n * interval '1 hour', gen_random_uuid(), ${here.sq}, 2, 1
      from unnest(array[-2, -1, 1]) as n
    `.execute(owner);
    expect(await releaseScheduled(db, 10)).toEqual([{ sq: here.sq, prio: 2, runs: 2 }]);
    expect(await releaseScheduled(db, 10)).toEqual([]);
  });

  test('interns equal requirements once, and no more than it may', async ({ db }) => {
    const { tenant, sq } = await place(db);
    const { orgId, projectId } = tenant;
    const intern = (labels: Record<string, string>): Promise<number | null> =>
      internSubqueue(db, {
        orgId,
        projectId,
        pool: 'default',
        model: '*',
        labels,
        classesMax: 2,
        concurrency: null,
        keysMax: 1,
      });
    expect(await intern({ a: '2', b: '1' })).toBe(sq);
    expect(await intern({ a: '3' })).not.toBe(sq);
    expect(await intern({ a: '4' })).toBeNull();
    expect(await readSubqueues(db, [sq])).toEqual([
      {
        sq,
        orgId,
        projectId,
        requirement: { pool: 'default', model: '*', labels: { a: '2', b: '1' }, routing: null },
        key: null,
        workerNum: null,
      },
    ]);
  });

  test('makes the partitions of the days ahead, once', async ({ dispatch, owner }) => {
    await makePartitions(dispatch, 5);
    expect(await makePartitions(dispatch, 5)).toBe(0);
    const { rows } = await sql<{ open: number }>`
      select count(*)::int as open from pg_class
      where relname ~ '^(run|outcome|attempt)_[0-9]{8}$' and not (relrowsecurity and relforcerowsecurity)
    `.execute(owner);
    expect(rows).toEqual([{ open: 0 }]);
  });

  test('forgets keys and losses after their time', async ({ db, owner }) => {
    const here = await place(db);
    await submitRuns(db, [newRun(here, { idempotencyKey: 'k' })]);
    await sql`insert into lost_run values (gen_random_uuid(), 1, now() - interval '1 hour')`.execute(
      owner,
    );
    const left = async (): Promise<unknown> =>
      (
        await sql`select (select count(*)::int from run_key) as keys, (select count(*)::int from lost_run) as lost`.execute(
          owner,
        )
      ).rows;
    const forget = (ms: number): Promise<void> =>
      inTenant(db, [here.tenant.orgId], async (tx) => {
        await forgetKeys(tx, ms);
        await forgetLost(tx, ms);
      });
    await forget(7_200_000);
    expect(await left()).toEqual([{ keys: 1, lost: 1 }]);
    await forget(-1_000);
    expect(await left()).toEqual([{ keys: 0, lost: 0 }]);
  });
});
