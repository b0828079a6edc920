import { createSecretKey } from 'node:crypto';

import { sql } from '@sagewai/postgres';
import { describe, expect } from 'vitest';

import type { FixtureWorker, FleetFixture } from '../fleet-fixture.ts';
import { fleetTest as test } from '../fleet-test.ts';
import { STRATEGIES, type Strategy } from './strategy.ts';

const key = createSecretKey(Buffer.alloc(32, 7));
/** Longer than any test: what is given then was given by right, not by patience. */
const NEVER_MS = 60_000;

async function untilWaits(replica: FleetFixture, polls: number): Promise<void> {
  while (replica.fleet.countWaiting() < polls) {
    await new Promise((resolve) => void setTimeout(resolve, 2));
  }
}

/** The worker holds so many runs. */
async function load(replica: FleetFixture, worker: FixtureWorker, runs: number): Promise<void> {
  for (let run = 0; run < runs; run++) await replica.submit();
  expect(await replica.claim(worker, { slots: runs })).toHaveLength(runs);
}

describe('strategies', () => {
  // One scene, four strategies: each sends the run to another worker, so each fails the others' test.
  const GETS = {
    DIRECT: 'above',
    THRESHOLD: 'at',
    LEAST_LOADED: 'idle',
    ROUND_ROBIN: 'half',
  } as const satisfies Record<Strategy, string>;

  test.for([
    ...STRATEGIES.map((strategy) => [strategy, strategy] as const),
    ['least-loaded', 'LEAST_LOADED'] as const,
    ['Round_Robin', 'ROUND_ROBIN'] as const,
  ])('%s sends a run where only it does', async ([spelt, strategy], { replicaWith }) => {
    const replica = replicaWith({ settings: { placementPatienceMs: NEVER_MS } });
    const [above, at, idle, half] = [
      await replica.worker({ max_concurrent: 11 }),
      await replica.worker({ max_concurrent: 10 }),
      await replica.worker({ max_concurrent: 10 }),
      await replica.worker({ max_concurrent: 10 }),
    ];
    await load(replica, half, 5);
    await load(replica, at, 9);
    await load(replica, above, 10);
    const earlier = await replica.submit({ routing: { strategy: 'LEAST_LOADED' } });
    const [lease] = await replica.claim(idle);
    expect(lease?.run_id).toBe(earlier);
    await replica.report(idle, { run_id: earlier, epoch: lease?.epoch });

    const polls: Promise<readonly [string, number]>[] = [];
    for (const [name, worker] of Object.entries({ above, at, idle, half })) {
      const poll = replica.claim(worker, { slots: 1, poll_timeout: 60 });
      polls.push(poll.then((leases) => [name, leases.length] as const));
      await untilWaits(replica, polls.length);
    }
    await replica.submit({ routing: { strategy: spelt } });
    expect(await Promise.race(polls)).toEqual([GETS[strategy], 1]);
  });

  test('a pool has one for the runs that name none, and so do its replicas', async ({
    replicaWith,
  }) => {
    const replica = replicaWith({ settings: { placementPatienceMs: NEVER_MS } });
    const [loaded, idle] = [
      await replica.worker({ max_concurrent: 2 }),
      await replica.worker({ max_concurrent: 2 }),
    ];
    await load(replica, loaded, 1);
    const body = { strategy: 'least_loaded' };
    const set = await replica.call('PUT', '/api/v1/fleet/pools/default', { as: 'admin', body });
    expect(set.body).toEqual({
      pool: 'default',
      strategy: 'LEAST_LOADED',
      capacity_threshold: null,
      retry: null,
    });
    const listed = await replica.call('GET', '/api/v1/fleet/pools', { as: 'read' });
    expect(listed.body).toEqual({
      pools: [
        {
          pool: 'default',
          strategy: 'LEAST_LOADED',
          capacity_threshold: null,
          retry: null,
          workers: 2,
          slots: 4,
          active: 1,
        },
      ],
    });
    const first = replica.claim(loaded, { slots: 1, poll_timeout: 60 });
    await untilWaits(replica, 1);
    const second = replica.claim(idle, { slots: 1, poll_timeout: 60 });
    await untilWaits(replica, 2);
    const run = await replica.submit();
    expect((await second)[0]?.run_id).toBe(run);
    // A run may say otherwise.
    const direct = await replica.submit({ routing: { strategy: 'DIRECT' } });
    expect((await first)[0]?.run_id).toBe(direct);
    for (const [as, wrong, status] of [
      ['write', {}, 403],
      ['admin', { strategy: 'FASTEST' }, 400],
      ['admin', { capacity_threshold: 1.1 }, 400],
    ] as const) {
      const answer = await replica.call('PUT', '/api/v1/fleet/pools/p', { as, body: wrong });
      expect(answer.status).toBe(status);
    }
  });

  test('a worker that does not come is not waited for longer than the patience', async ({
    replicaWith,
  }) => {
    const replica = replicaWith({ settings: { placementPatienceMs: 50 } });
    const loaded = await replica.worker({ max_concurrent: 2 });
    await replica.worker({ max_concurrent: 2 });
    await load(replica, loaded, 1);
    const waiting = replica.claim(loaded, { slots: 1, poll_timeout: 60 });
    await untilWaits(replica, 1);
    const run = await replica.submit({ routing: { strategy: 'LEAST_LOADED' } });
    expect((await waiting)[0]?.run_id).toBe(run);
  });

  test('a preferred worker gets the run though another waits longer, and another will do', async ({
    replicaWith,
  }) => {
    const replica = replicaWith({ settings: { placementPatienceMs: 300 } });
    const [far, near] = [
      await replica.worker({ labels: { zone: 'b' } }),
      await replica.worker({ labels: { zone: 'a' } }),
    ];
    const selectors = [{ label: 'zone', op: 'eq', value: 'a', required: false, weight: 5 }];
    const first = replica.claim(far, { slots: 1, poll_timeout: 60 });
    await untilWaits(replica, 1);
    const second = replica.claim(near, { slots: 1, poll_timeout: 60 });
    await untilWaits(replica, 2);
    const run = await replica.submit({ selectors });
    expect((await second)[0]?.run_id).toBe(run);
    const other = await replica.submit({ selectors });
    expect((await first)[0]?.run_id).toBe(other);
  });

  test('what a worker says of its load does not count', async ({ replicaWith, dispatch }) => {
    const replica = replicaWith({ settings: { placementPatienceMs: NEVER_MS } });
    const [liar, idle] = [
      await replica.worker({ max_concurrent: 4 }),
      await replica.worker({ max_concurrent: 4 }),
    ];
    await load(replica, liar, 3);
    const body = { pool_stats: { active: 0, max: 1_000 } };
    await replica.call('POST', '/api/v1/fleet/heartbeat', { as: liar.token, body });
    const first = replica.claim(liar, { slots: 1, poll_timeout: 60 });
    await untilWaits(replica, 1);
    const second = replica.claim(idle, { slots: 1, poll_timeout: 60 });
    const run = await replica.submit({ routing: { strategy: 'LEAST_LOADED' } });
    expect((await second)[0]?.run_id).toBe(run);
    await sql`delete from ready`.execute(dispatch);
    void first;
  });
});

describe('on two replicas', () => {
  test.for([
    ['LEAST_LOADED', [3, 3, 3, 3]],
    ['ROUND_ROBIN', [4, 4, 2, 2]],
  ] as const)('%s spreads as on one', async ([strategy, expected], { replicaWith, url, db }) => {
    const settings = { placementPatienceMs: NEVER_MS };
    const [here, there] = [1, 2].map(() => replicaWith({ key, listenUrl: url, settings })) as [
      FleetFixture,
      FleetFixture,
    ];
    const places = [here, here, there, there];
    const workers: FixtureWorker[] = [];
    for (const place of places) workers.push(await place.worker({ max_concurrent: 6 }));
    // They hold 3, 2, 0 and 1; the turn is as the order of these.
    for (const [at, runs] of [
      [1, 2],
      [3, 1],
      [0, 3],
    ] as const) {
      const worker = workers[at];
      if (worker !== undefined) await load(here, worker, runs);
    }
    const total = 6;
    let given = 0;
    const stopped = new AbortController();
    const pollers = workers.map(async (worker, at) => {
      const place = places[at] ?? here;
      while (!stopped.signal.aborted) {
        const leases = await place.claim(worker, { slots: 1, poll_timeout: 1 });
        given += leases.length;
      }
    });
    await untilWaits(here, 2);
    await untilWaits(there, 2);
    for (let run = 0; run < total; run++) {
      await (run % 2 === 0 ? here : there).submit({ routing: { strategy } });
      while (given <= run) await new Promise((resolve) => void setTimeout(resolve, 5));
    }
    stopped.abort();
    await Promise.all(pollers);
    const { rows } = await sql<{ id: string; runs: number }>`
      select s.worker_id as id, (select count(*)::int from lease l where l.worker_num = s.worker_num) as runs
      from worker_session s
    `.execute(db);
    const held = workers.map(({ id }) => rows.find((row) => row.id === id)?.runs);
    expect(held).toEqual(expected);
  });
});
