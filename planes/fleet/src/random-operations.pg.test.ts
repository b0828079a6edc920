/**
 * Random operations on the whole life of a lease, on two replicas' worth of connections, against the
 * invariants: after any sequence, also with operations that overlap, every acknowledged run is in exactly
 * one place (F2), has at most one accepted outcome (F1, F2), and no epoch was ever given twice (F1).
 */
import { type Db, inTenant, sql } from '@sagewai/postgres';
import { databaseTest as test, makeTenant } from '@sagewai/testing';
import type { RunId } from '@sagewai/wire';
import fc from 'fast-check';
import { expect } from 'vitest';

import { lockRepeatable } from './dead-letters/dead-letters.sql.ts';
import { repeatOf } from './dead-letters/redrive.ts';
import {
  findLeasesOf,
  findOrphans,
  findOverdue,
  openSession,
  reportRuns,
  takeBack,
} from './dispatch/leases.sql.ts';
import {
  cancelRun,
  type ClaimAnswer,
  claimRuns,
  expireRuns,
  releaseScheduled,
  submitRuns,
} from './dispatch/queue.sql.ts';
import { makePlace, newRun, type Place, requestOf } from './queue-fixture.ts';
import type { NewRun, Report } from './runs/run.ts';
import { beginWaits, endWaits, resumeRun } from './waits/waits.sql.ts';

type Step =
  | {
      readonly kind: 'submit';
      readonly count: number;
      readonly attempts: number;
      readonly expires: boolean;
      readonly plan: keyof typeof PLANS;
    }
  | {
      readonly kind: 'claim';
      readonly worker: number;
      readonly slots: number;
      readonly flat: boolean;
    }
  | {
      readonly kind: 'report';
      readonly pick: number;
      readonly status: Report['status'];
      readonly retry: boolean;
      readonly mark: boolean;
    }
  | { readonly kind: 'takeBack'; readonly pick: number; readonly counts: boolean }
  | { readonly kind: 'cancel'; readonly pick: number }
  | { readonly kind: 'session'; readonly worker: number }
  | {
      readonly kind: 'wait';
      readonly pick: number;
      readonly signal: boolean;
      readonly timeoutMs: number;
    }
  | {
      readonly kind: 'answer';
      readonly pick: number;
      readonly how: 'approved' | 'denied' | 'signal';
    }
  | { readonly kind: 'redrive'; readonly pick: number }
  | { readonly kind: 'supervise' };

/** What a submission may say of when and how often it is tried. */
const PLANS = {
  none: null,
  late: { delay_ms: 3_600_000 },
  soon: { delay_ms: 1, timeout_ms: 1 },
  stubborn: {
    retry: {
      max_attempts: 9,
      base_ms: 1,
      factor: 1,
      max_ms: 1,
      jitter: 1,
      classes: { error: true },
    },
  },
} as const satisfies Record<string, NewRun['plan']>;

const pick = fc.nat(30);
const worker = fc.nat(1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('submit' as const),
      count: fc.integer({ min: 1, max: 4 }),
      attempts: fc.integer({ min: 1, max: 3 }),
      expires: fc.boolean(),
      plan: fc.constantFrom(...(Object.keys(PLANS) as (keyof typeof PLANS)[])),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('claim' as const),
      worker,
      slots: fc.integer({ min: 1, max: 4 }),
      flat: fc.boolean(),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('report' as const),
      pick,
      status: fc.constantFrom('completed' as const, 'failed' as const, 'cancelled' as const),
      retry: fc.boolean(),
      mark: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('takeBack' as const), pick, counts: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cancel' as const), pick }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('session' as const), worker }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      pick,
      signal: fc.boolean(),
      timeoutMs: fc.constantFrom(0, 3_600_000),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('answer' as const),
      pick,
      how: fc.constantFrom('approved' as const, 'denied' as const, 'signal' as const),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('redrive' as const), pick }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('supervise' as const) }) },
);

class World {
  readonly #db: Db;
  readonly #places: readonly Place[];
  readonly acknowledged: RunId[] = [];
  readonly leases: (ClaimAnswer & {
    readonly place: Place;
    readonly session: bigint;
    readonly flat: boolean;
  })[] = [];
  readonly accepted = new Map<RunId, number>();
  /** One entry a wait that has begun, and one a wait that has ended otherwise than with its run. */
  readonly waited: RunId[] = [];
  readonly resumed: RunId[] = [];
  readonly #sessions = [1n, 1n];

  constructor(db: Db, places: readonly Place[]) {
    this.#db = db;
    this.#places = places;
  }

  async take(what: Step): Promise<void> {
    switch (what.kind) {
      case 'submit':
        return this.#submit(what);
      case 'claim':
        return this.#claim(what);
      case 'report':
        return this.#report(what);
      case 'takeBack': {
        const lease = this.leases[what.pick % Math.max(1, this.leases.length)];
        if (lease === undefined) return;
        await this.#takeBack([lease], what.counts);
        return;
      }
      case 'cancel': {
        const run = this.acknowledged[what.pick % Math.max(1, this.acknowledged.length)];
        const place = this.#place(0);
        if (run === undefined) return;
        await inTenant(this.#db, [place.tenant.orgId], (tx) => cancelRun(tx, run));
        return;
      }
      case 'wait':
        return this.#wait(what);
      case 'answer': {
        const runId = this.acknowledged[what.pick % Math.max(1, this.acknowledged.length)];
        const { orgId } = this.#place(0).tenant;
        if (runId === undefined) return;
        const answer = { runId, kind: what.how, name: 'go', wait: null, value: null, by: 't' };
        const resumed = await inTenant(this.#db, [orgId], (tx) => resumeRun(tx, answer, 2));
        if (resumed?.how === 'resumed') this.resumed.push(runId);
        return;
      }
      case 'redrive':
        return this.#redrive(what);
      case 'session':
        return this.#startAnew(what.worker);
      case 'supervise': {
        const orphans = await findOrphans(this.#db, {
          silenceMs: 60_000,
          cancelGraceMs: 60_000,
          upSince: new Date(),
          limit: 100,
        });
        await this.#takeBack(orphans, true);
        const late = await findOverdue(this.#db, 100);
        await takeBack(this.#db, late, { why: 'late', counts: true, errorClass: 'timeout' });
        await expireRuns(this.#db, 100);
        await releaseScheduled(this.#db, 100);
        for (const { runId } of await endWaits(this.#db, 100)) this.resumed.push(runId);
      }
    }
  }

  async #wait({ pick: at, signal, timeoutMs }: Extract<Step, { kind: 'wait' }>): Promise<void> {
    const lease = this.leases[at % Math.max(1, this.leases.length)];
    if (lease === undefined) return;
    const { runId, epoch, place, session } = lease;
    const [answer] = await beginWaits(this.#db, [
      {
        runId,
        epoch,
        orgId: place.tenant.orgId,
        workerNum: place.num,
        sessionEpoch: session,
        kind: signal ? 'signal' : 'approval',
        name: 'go',
        prompt: null,
        timeoutMs,
      },
    ]);
    if (answer?.how === 'waiting' || answer?.how === 'resumed') this.waited.push(runId);
    if (answer?.how === 'resumed') this.resumed.push(runId);
    if (answer?.how === 'cancelled') {
      this.accepted.set(runId, (this.accepted.get(runId) ?? 0) + 1);
    }
  }

  #place(at: number): Place {
    const place = this.#places[at];
    if (place === undefined) throw new Error(`there is no worker ${at}`);
    return place;
  }

  /** As the route and the job do it: what is dead is repeated once, by whoever comes first. */
  async #redrive({ pick: at }: Extract<Step, { kind: 'redrive' }>): Promise<void> {
    const { orgId } = this.#place(0).tenant;
    const some = this.acknowledged.slice(at % 5);
    const made = await inTenant(this.#db, [orgId], async (tx) => {
      const runs = (await lockRepeatable(tx, some)).map((run) => repeatOf(run, 'token:t'));
      return runs.length === 0 ? [] : submitRuns(tx, runs);
    });
    for (const { runId, how } of made) if (how === 'new') this.acknowledged.push(runId);
  }

  async #submit({
    count,
    attempts,
    expires,
    plan,
  }: Extract<Step, { kind: 'submit' }>): Promise<void> {
    const deadline = expires ? new Date() : null;
    const runs = Array.from({ length: count }, () =>
      newRun(this.#place(0), { maxAttempts: attempts, deadline, plan: PLANS[plan] }),
    );
    for (const { runId } of await submitRuns(this.#db, runs)) this.acknowledged.push(runId);
  }

  async #claim({ worker: at, slots, flat }: Extract<Step, { kind: 'claim' }>): Promise<void> {
    const place = { ...this.#place(at), sq: this.#place(0).sq };
    const session = this.#sessions[at] ?? 1n;
    const request = requestOf(place, { slots, ...(flat ? { flatFor: place.num } : {}) });
    const polls = request.polls.map((poll) => ({ ...poll, sessionEpoch: session }));
    const answers = await claimRuns(this.#db, { ...request, polls });
    this.leases.push(...answers.map((lease) => ({ ...lease, place, session, flat })));
  }

  async #report({
    pick: at,
    status,
    retry,
    mark,
  }: Extract<Step, { kind: 'report' }>): Promise<void> {
    const lease = this.leases[at % Math.max(1, this.leases.length)];
    if (lease === undefined) return;
    const [answer] = await reportRuns(
      this.#db,
      [
        {
          runId: lease.runId,
          orgId: lease.place.tenant.orgId,
          workerNum: lease.place.num,
          sessionEpoch: lease.session,
          epoch: lease.flat ? null : lease.epoch,
          status,
          output: null,
          error: null,
          retry,
          errorClass: null,
          deadLetter: mark,
        },
      ],
      -1_000,
    );
    if (answer?.how === 'ok')
      this.accepted.set(lease.runId, (this.accepted.get(lease.runId) ?? 0) + 1);
  }

  async #startAnew(at: number): Promise<void> {
    const { workerId, tenant, num } = this.#place(at);
    const epoch = await openSession(this.#db, { id: workerId, orgId: tenant.orgId });
    if (epoch === null) throw new Error('no session was opened');
    this.#sessions[at] = epoch;
    await this.#takeBack(await findLeasesOf(this.#db, num, epoch), true);
  }

  async #takeBack(
    leases: readonly { runId: RunId; epoch: bigint }[],
    counts: boolean,
  ): Promise<void> {
    await takeBack(this.#db, leases, { why: 'lost', counts });
  }
}

test('random operations keep every acknowledged run in exactly one place, with one outcome (F1, F2)', async ({
  db,
  owner,
}) => {
  const tenant = await makeTenant(db);
  const places = [await makePlace(db, tenant), await makePlace(db, tenant)];
  const sessionsOf = sql`update worker_session set session_epoch = 1`;
  // Steps of one inner list overlap.
  const history = fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), {
    minLength: 5,
    maxLength: 25,
  });
  await fc.assert(
    fc.asyncProperty(history, async (rounds) => {
      await sql`truncate ready, scheduled, lease, lost_run, run_deadline, waiting, run_wait, run_signal,
        run_timeout, attempt, dead_letter`.execute(owner);
      await sql`delete from outcome`.execute(owner);
      await sql`delete from run`.execute(owner);
      await sessionsOf.execute(owner);
      const world = new World(db, places);
      for (const round of rounds) await Promise.all(round.map((one) => world.take(one)));

      const { rows } = await sql<{ runId: RunId; places: number }>`
        select r.run_id as "runId",
          ((select count(*) from ready q where q.run_id = r.run_id)
           + (select count(*) from scheduled s where s.run_id = r.run_id)
           + (select count(*) from lease l where l.run_id = r.run_id)
           + (select count(*) from waiting w where w.run_id = r.run_id)
           + (select count(*) from outcome o where o.run_id = r.run_id))::int as places
        from run r
      `.execute(owner);
      expect(new Set(rows.map(({ runId }) => runId))).toEqual(new Set(world.acknowledged));
      expect(rows.filter((row) => row.places !== 1)).toEqual([]);
      expect([...world.accepted.values()].filter((times) => times > 1)).toEqual([]);
      const times = (runs: readonly RunId[], runId: RunId): number =>
        runs.filter((one) => one === runId).length;
      const answeredTwice = world.acknowledged.filter(
        (runId) => times(world.resumed, runId) > times(world.waited, runId),
      );
      expect(answeredTwice).toEqual([]); // W2
      const attempts = await sql<{ over: number }>`
        select count(*)::int as over from run r join lease l on l.run_id = r.run_id
        where l.attempt > r.max_attempts
      `.execute(owner);
      expect(attempts.rows).toEqual([{ over: 0 }]); // W3
      const repeated = await sql<{ more: number; astray: number }>`
        select
          (select count(*)::int from (
             select redrive_of from run where redrive_of is not null group by 1 having count(*) > 1) t) as more,
          (select count(*)::int from dead_letter d where d.redriven_by is not null
             and not exists (select from run r where r.run_id = d.redriven_by
                             and r.redrive_of = d.run_id)) as astray
      `.execute(owner);
      expect(repeated.rows).toEqual([{ more: 0, astray: 0 }]);
      const tries = await sql<{ over: number }>`
        select count(*)::int as over from run r
        where (select count(*) from attempt a where a.run_id = r.run_id) > r.max_attempts
      `.execute(owner);
      expect(tries.rows).toEqual([{ over: 0 }]);
      const epochs = world.leases.map(({ epoch }) => epoch);
      expect(new Set(epochs).size).toBe(epochs.length);
    }),
    { numRuns: 25, interruptAfterTimeLimit: 12_000, markInterruptAsFailure: false },
  );
});
