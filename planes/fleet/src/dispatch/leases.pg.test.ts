import { type Db, type Executor, inTenant, sql } from '@sagewai/postgres';
import { databaseTest as test, holdTransaction, makeTenant, untilWaiting } from '@sagewai/testing';
import type { RunId } from '@sagewai/wire';
import { describe, expect } from 'vitest';

import { makePlace, newRun, type Place, requestOf } from '../queue-fixture.ts';
import type { NewRun, Report } from '../runs/run.ts';
import {
  areAlive,
  beat,
  beatPulse,
  findLeasesOf,
  findOrphans,
  holdsLease,
  openSession,
  reportRuns,
  takeBack,
} from './leases.sql.ts';
import { cancelRun, type ClaimAnswer, claimRuns, submitRuns } from './queue.sql.ts';

interface Held extends Place {
  readonly lease: ClaimAnswer;
}

/** A run that a worker has. */
async function hold(db: Db, of: { run?: Partial<NewRun>; flat?: boolean } = {}): Promise<Held> {
  const here = await makePlace(db, await makeTenant(db));
  return again(db, here, of);
}

async function again(
  db: Db,
  here: Place,
  of: { run?: Partial<NewRun>; flat?: boolean } = {},
): Promise<Held> {
  await submitRuns(db, [newRun(here, of.run)]);
  const request = requestOf(here, of.flat === true ? { flatFor: here.num } : {});
  const [lease] = await claimRuns(db, request);
  if (lease === undefined) throw new Error('nothing was claimed');
  return { ...here, lease };
}

const reportOf = ({ tenant, num, lease }: Held, of: Partial<Report> = {}): Report => ({
  runId: lease.runId,
  orgId: tenant.orgId,
  workerNum: num,
  sessionEpoch: 1n,
  epoch: lease.epoch,
  status: 'completed',
  output: '{"a":1}',
  error: null,
  retry: false,
  errorClass: null,
  deadLetter: false,
  ...of,
});

async function report(db: Executor, ...reports: Report[]): Promise<string[]> {
  return (await reportRuns(db, reports, 1_000)).map(({ how }) => how);
}

async function placesOf(owner: Executor): Promise<string[]> {
  const { rows } = await sql<{ place: string }>`
    select 'ready' as place from ready union all select 'scheduled' from scheduled
    union all select 'lease' from lease union all select status from outcome order by 1
  `.execute(owner);
  return rows.map(({ place }) => place);
}

describe('reportRuns', () => {
  test('ends a run once; the same report again changes nothing and is answered (F1, F2)', async ({
    db,
    owner,
  }) => {
    const held = await hold(db);
    expect(await report(db, reportOf(held))).toEqual(['ok']);
    expect(await report(db, reportOf(held))).toEqual(['repeated']);
    expect(await report(db, reportOf(held, { status: 'failed' }))).toEqual(['lost']);
    expect(await placesOf(owner)).toEqual(['completed']);
  });

  test.for([
    ['another epoch', { epoch: 999_999n }],
    ['another session', { sessionEpoch: 2n }],
    ['another worker', { workerNum: 999_999 }],
    ['no epoch, of a lease that was claimed with slots', { epoch: null }],
  ] as const)('changes nothing for %s (F1)', async ([, change], { db, owner }) => {
    const held = await hold(db);
    expect(await report(db, reportOf(held, change))).toEqual(['lost']);
    expect(await placesOf(owner)).toEqual(['lease']);
  });

  test('that waits for the same report is answered that it was repeated (F1, F2)', async ({
    db,
    owner,
  }) => {
    const held = await hold(db);
    const other = await again(db, held);
    await using first = await holdTransaction(db, [held.tenant.orgId], (tx) =>
      report(tx, reportOf(held)),
    );
    const second = report(db, reportOf(held), reportOf(other));
    await untilWaiting(owner);
    await first.commit();
    expect(await second).toEqual(['repeated', 'ok']);
    expect(await placesOf(owner)).toEqual(['completed', 'completed']);
  });

  test('takes no report of a worker of another organization (F1, F3)', async ({ db, owner }) => {
    const held = await hold(db);
    const foreign = await makeTenant(db);
    expect(await report(db, reportOf(held, { orgId: foreign.orgId }))).toEqual(['lost']);
    expect(await placesOf(owner)).toEqual(['lease']);
  });

  test('accepts a flat lease without an epoch, in its session alone (F1)', async ({ db }) => {
    const held = await hold(db, { flat: true });
    expect(await report(db, reportOf(held, { epoch: null, sessionEpoch: 2n }))).toEqual(['lost']);
    expect(await report(db, reportOf(held, { epoch: null }))).toEqual(['ok']);
    expect(await report(db, reportOf(held, { epoch: null }))).toEqual(['repeated']);
  });

  test('loses against a take-back that is ahead of it, and wins against one behind it (F1)', async ({
    db,
    owner,
  }) => {
    const held = await hold(db);
    const taking = { why: 'silent', counts: true };
    await using first = await holdTransaction(db, [held.tenant.orgId], (tx) =>
      takeBack(tx, [held.lease], taking),
    );
    const late = report(db, reportOf(held));
    await untilWaiting(owner);
    await first.commit();
    expect(await late).toEqual(['lost']);

    const [lease] = await claimRuns(db, requestOf(held));
    const second = { ...held, lease: lease as ClaimAnswer };
    await using reporting = await holdTransaction(db, [held.tenant.orgId], (tx) =>
      report(tx, reportOf(second)),
    );
    const taken = takeBack(db, [second.lease], taking);
    await untilWaiting(owner);
    await reporting.commit();
    expect(await taken).toEqual([]);
    expect(await placesOf(owner)).toEqual(['completed']);
  });

  test.for([
    ['a report', 'ok', (held: Held, tx: Executor) => report(tx, reportOf(held))],
    [
      'a take-back',
      'cancelled',
      async ({ lease }: Held, tx: Executor) =>
        (await takeBack(tx, [lease], { why: 'x', counts: true })).map(({ how }) => how),
    ],
  ] as const)(
    '%s that waits for a cancellation still finds its lease (F2)',
    async ([, how, act], { db, owner }) => {
      const held = await hold(db);
      const cancelling = (tx: Executor): Promise<unknown> => cancelRun(tx, held.lease.runId);
      await using first = await holdTransaction(db, [held.tenant.orgId], cancelling);
      const late = act(held, db);
      await untilWaiting(owner);
      await first.commit();
      expect(await late).toEqual([how]);
    },
  );

  test('tries again later at the worker’s wish, while attempts are left', async ({ db, owner }) => {
    const held = await hold(db, { run: { maxAttempts: 2 } });
    const failed = { status: 'failed', retry: true, error: 'busy' } as const;
    expect(await report(db, reportOf(held, failed))).toEqual(['requeued']);
    expect(await placesOf(owner)).toEqual(['scheduled']);
    await sql`
      with moved as (delete from scheduled returning *)
      insert into ready select sq, prio, nextval('ready_seq'), run_id, attempt from moved
    `.execute(owner);
    const [lease] = await claimRuns(db, requestOf(held));
    expect(lease?.attempt).toBe(2);
    const last = { ...held, lease: lease as ClaimAnswer };
    expect(await report(db, reportOf(last, failed))).toEqual(['ok']);
    expect(await placesOf(owner)).toEqual(['failed']);
  });

  test('takes the failure of a cancelled run for its cancellation', async ({ db, owner }) => {
    const held = await hold(db);
    await inTenant(db, [held.tenant.orgId], (tx) => cancelRun(tx, held.lease.runId));
    const failed = { status: 'failed', retry: true } as const;
    expect(await report(db, reportOf(held, failed))).toEqual(['ok']);
    expect(await report(db, reportOf(held, failed))).toEqual(['repeated']);
    expect(await placesOf(owner)).toEqual(['cancelled']);
  });

  test('judges each of a batch by itself', async ({ db }) => {
    const held = await hold(db);
    const other = await again(db, held);
    const stale = reportOf(other, { epoch: 1n });
    expect(await report(db, stale, reportOf(held))).toEqual(['lost', 'ok']);
  });
});

describe('takeBack', () => {
  const taking = { why: 'it was lost', counts: true };

  test('queues a run again, and fails it after its last attempt, with the reason', async ({
    db,
    owner,
  }) => {
    const here = await makePlace(db, await makeTenant(db));
    await submitRuns(db, [newRun(here, { maxAttempts: 2 })]);
    for (const how of ['requeued', 'failed']) {
      const leases = await claimRuns(db, requestOf(here));
      expect((await takeBack(db, leases, taking)).map((one) => one.how)).toEqual([how]);
    }
    const { rows } = await sql<{ error: string }>`select error from outcome`.execute(owner);
    expect(rows).toEqual([{ error: 'it was lost; attempt 2 of 2' }]);
  });

  test('does not count an attempt that the worker never made', async ({ db }) => {
    const held = await hold(db, { run: { maxAttempts: 1 } });
    expect(await takeBack(db, [held.lease], { ...taking, counts: false })).toMatchObject([
      { how: 'requeued' },
    ]);
    const [lease] = await claimRuns(db, requestOf(held));
    expect(lease?.attempt).toBe(1);
  });

  test('leaves a lease alone that is no longer the one that was seen (F1)', async ({
    db,
    owner,
  }) => {
    const held = await hold(db);
    await takeBack(db, [held.lease], taking);
    const [lease] = await claimRuns(db, requestOf(held));
    expect(await takeBack(db, [held.lease], taking)).toEqual([]);
    expect(await areAlive(db, [held.lease, lease as ClaimAnswer])).toEqual([false, true]);
    expect(await placesOf(owner)).toEqual(['lease']);
  });

  test('ends a run that somebody wanted to cancel', async ({ db, owner }) => {
    const held = await hold(db);
    await inTenant(db, [held.tenant.orgId], (tx) => cancelRun(tx, held.lease.runId));
    expect(await takeBack(db, [held.lease], taking)).toMatchObject([{ how: 'cancelled' }]);
    expect(await placesOf(owner)).toEqual(['cancelled']);
  });
});

describe('findOrphans', () => {
  const now = new Date(0);
  const find = async (db: Db, silenceMs = 60_000, upSince = now): Promise<string[]> =>
    (await findOrphans(db, { silenceMs, cancelGraceMs: 60_000, upSince, limit: 10 })).map(
      ({ why }) => why,
    );

  test.for([
    ['silent', sql`update worker_session set last_seen_at = now() - interval '2 minutes'`],
    ['replaced', sql`update worker_session set session_epoch = 2`],
    ['revoked', sql`update worker_session set state = 'revoked'`],
    ['deaf', sql`update lease set cancel_requested_at = now() - interval '2 minutes'`],
  ] as const)('names the leases of a worker that is %s', async ([why, change], { db, owner }) => {
    await hold(db);
    await sql`update lease set claimed_at = now() - interval '2 minutes'`.execute(owner);
    expect(await find(db)).toEqual([]);
    await change.execute(owner);
    expect(await find(db)).toEqual([why]);
  });

  test('blames nobody for the time that the server was away', async ({ db, owner }) => {
    await hold(db);
    await sql`update lease set claimed_at = now() - interval '1 hour'`.execute(owner);
    await sql`update worker_session set last_seen_at = now() - interval '1 hour'`.execute(owner);
    const first = await beatPulse(db, 20_000);
    expect(await beatPulse(db, 20_000)).toEqual(first);
    await sql`update fleet_pulse set beat_at = now() - interval '21 seconds', up_since = 'epoch'`.execute(
      owner,
    );
    const upSince = await beatPulse(db, 20_000);
    expect(upSince.getTime()).toBeGreaterThan(Date.now() - 60_000);
    expect(await find(db, 60_000, upSince)).toEqual([]);
    expect(await find(db, 60_000, new Date(0))).toEqual(['silent']);
  });
});

describe('beat', () => {
  const listed = (held: Held, runs: { runId: RunId; epoch: bigint }[] | null) => ({
    workerNum: held.num,
    sessionEpoch: 1n,
    runs,
  });

  test('tells what to cancel, what is lost, and what the worker does not know of', async ({
    db,
    owner,
  }) => {
    const held = await hold(db);
    const other = await again(db, held);
    await inTenant(db, [held.tenant.orgId], (tx) => cancelRun(tx, held.lease.runId));
    const stale = { runId: other.lease.runId, epoch: 1n };
    const { runId, epoch } = other.lease;
    await sql`update lease set claimed_at = now() - interval '1 minute' where run_id = ${runId}`.execute(
      owner,
    );
    expect(await beat(db, [listed(held, [held.lease, stale])], 30_000)).toEqual([
      {
        lives: true,
        state: 'approved',
        cancel: [held.lease.runId],
        lost: [runId],
        unheld: [{ runId, epoch }],
      },
    ]);
    const [quiet] = await beat(db, [listed(held, null)], 30_000);
    expect(quiet).toMatchObject({ lost: [], unheld: [] });
    const [young] = await beat(db, [listed(held, [])], 120_000);
    expect(young).toMatchObject({ unheld: [] });
  });

  test('tells a session that was replaced, and does not count it as alive (F1)', async ({
    db,
    owner,
  }) => {
    const held = await hold(db);
    await sql`update worker_session set session_epoch = 2, last_seen_at = null`.execute(owner);
    expect(await beat(db, [listed(held, null)], 1)).toMatchObject([{ lives: false, state: null }]);
    const { rows } = await sql<{ seen: boolean }>`
      select last_seen_at is not null as seen from worker_session
    `.execute(owner);
    expect(rows).toEqual([{ seen: false }]);
  });

  test('answers each of a batch in its place', async ({ db }) => {
    const [first, second] = [await hold(db), await hold(db)];
    const unknown = { workerNum: 999, sessionEpoch: 1n, runs: null };
    const answers = await beat(db, [listed(second, []), unknown, listed(first, [])], 60_000);
    expect(answers.map(({ lives }) => lives)).toEqual([true, false, true]);
  });
});

describe('sessions', () => {
  test('grow by one each, and only for a worker that may have one (F1)', async ({ db, owner }) => {
    const held = await hold(db);
    const worker = { id: held.workerId, orgId: held.tenant.orgId };
    expect(await openSession(db, worker)).toBe(2n);
    expect(await findLeasesOf(db, held.num, 2n)).toMatchObject([{ runId: held.lease.runId }]);
    expect(await findLeasesOf(db, held.num, 1n)).toEqual([]);
    const foreign = await makeTenant(db);
    expect(await openSession(db, { ...worker, orgId: foreign.orgId })).toBeNull();
    await sql`update worker_session set state = 'revoked'`.execute(owner);
    expect(await openSession(db, worker)).toBeNull();
  });

  test('hold a lease each by themselves, until it is to be cancelled (F1)', async ({ db }) => {
    const held = await hold(db);
    const name = { ...held.lease, workerNum: held.num, sessionEpoch: 1n };
    expect(await holdsLease(db, name)).toBe(true);
    expect(await holdsLease(db, { ...name, sessionEpoch: 2n })).toBe(false);
    expect(await holdsLease(db, { ...name, epoch: 1n + name.epoch })).toBe(false);
    await inTenant(db, [held.tenant.orgId], (tx) => cancelRun(tx, held.lease.runId));
    expect(await holdsLease(db, name)).toBe(false);
  });
});
