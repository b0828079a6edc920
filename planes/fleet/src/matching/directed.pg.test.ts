import { createSecretKey, randomUUID } from 'node:crypto';

import { inTenant, sql } from '@sagewai/postgres';
import { makeTenant } from '@sagewai/testing';
import { describe, expect } from 'vitest';

import type { Answer, FixtureWorker, FleetFixture } from '../fleet-fixture.ts';
import { fleetTest as test } from '../fleet-test.ts';
import { stickTo } from './routes.sql.ts';

const key = createSecretKey(Buffer.alloc(32, 7));

async function untilWaits(replica: FleetFixture, polls: number): Promise<void> {
  while (replica.fleet.countWaiting() < polls) {
    await new Promise((resolve) => void setTimeout(resolve, 2));
  }
}

const ids = (leases: readonly { run_id: string }[]): string[] => leases.map(({ run_id: id }) => id);

type Body = Record<string, unknown>;

const submit = (replica: FleetFixture, body: Body): Promise<Answer> =>
  replica.call('POST', '/api/v1/runs', { as: 'write', body: { payload: {}, ...body } });

const to = (worker: { id: string }, more: Body = {}): Body => ({
  routing: { worker_id: worker.id, ...more },
});

describe('a run that is for one worker', () => {
  test('goes to it and to no other, wherever it waits (F3)', async ({ replicaWith, url }) => {
    const listenUrl = url;
    const [here, there] = [replicaWith({ key, listenUrl }), replicaWith({ key, listenUrl })];
    const [named, other] = [await here.worker(), await here.worker()];
    const first = here.claim(other, { slots: 1, poll_timeout: 60 });
    await untilWaits(here, 1);
    const second = there.claim(named, { slots: 1, poll_timeout: 60 });
    await untilWaits(there, 1);
    const run = await here.submit(to(named));
    expect(ids(await second)).toEqual([run]);
    const open = await here.submit();
    expect(ids(await first)).toEqual([open]);
    const next = await here.submit(to(named));
    expect(await here.claim(other)).toEqual([]);
    expect(ids(await here.claim(named))).toEqual([next]);
  });

  test('is refused when its worker may not have it, and says what it lacks', async ({
    replica,
  }) => {
    const worker = await replica.worker({ pool: 'gpu', models: ['gpt-4o'], name: 'w1' });
    for (const [body, why] of [
      [{ ...to(worker) }, 'it is in pool gpu'],
      [{ ...to(worker), pool: 'gpu', model: 'x' }, 'it does not have the model x'],
      [{ ...to(worker), pool: 'gpu', labels: { a: 'b' } }, 'label a is missing'],
      [to({ id: randomUUID() }), 'there is no such worker'],
      [{ ...to(worker), pool: 'gpu', sticky: { key: 'k' } }, 'not both'],
    ] as const) {
      const { status, body: answer } = await submit(replica, body);
      expect([status, answer['detail']]).toEqual([400, expect.stringContaining(why)]);
    }
    await replica.call('POST', `/api/v1/fleet/workers/${worker.id}/revoke`, { as: 'admin' });
    const gone = await submit(replica, { ...to(worker), pool: 'gpu' });
    expect([gone.status, gone.body['detail']]).toEqual([400, expect.stringContaining('revoked')]);
  });

  test('fails when it does not come in time, or goes to another, as it said', async ({
    replica,
    owner,
  }) => {
    const [away, other] = [await replica.worker({ name: 'away' }), await replica.worker()];
    const failing = await replica.submit(to(away, { worker_wait_seconds: 60 }));
    const moving = await replica.submit(
      to(away, { worker_wait_seconds: 60, worker_fallback: 'any' }),
    );
    await replica.run('fleet.reroute');
    expect(await replica.claim(other)).toEqual([]);
    await sql`update run_route set move_at = now() - interval '1 second'`.execute(owner);
    await replica.run('fleet.reroute');
    const { body } = await replica.call('GET', `/api/v1/runs/${failing}`, { as: 'read' });
    expect(body).toMatchObject({
      state: 'failed',
      error: 'the worker away did not take it within 60.0 s',
      error_class: 'worker_unavailable',
    });
    expect(ids(await replica.claim(other))).toEqual([moving]);
    const { rows } = await sql`select run_id from run_route`.execute(owner);
    expect(rows).toEqual([]);
  });

  test('can be cancelled after it went to another line, and waits anew when it comes back', async ({
    replica,
    owner,
  }) => {
    const [away, worker] = [await replica.worker(), await replica.worker()];
    const moved = await replica.submit(to(away, { worker_fallback: 'any' }));
    const held = await replica.submit(to(worker));
    const [lease] = await replica.claim(worker);
    expect(lease?.run_id).toBe(held);
    const due = (): Promise<unknown> =>
      sql`update run_route set move_at = now() - interval '1 second'`.execute(owner);
    await due();
    await replica.run('fleet.reroute');
    const cancelled = await replica.call('POST', `/api/v1/runs/${moved}/cancel`, { as: 'write' });
    expect(cancelled.body).toMatchObject({ state: 'cancelled' });
    // It is with its worker: nothing happens to it.
    expect(await replica.state(held)).toBe('running');
    const body = { run_id: held, epoch: lease?.epoch, status: 'failed', error: 'x', retry: true };
    await replica.report(worker, body);
    await due();
    await replica.run('fleet.reroute');
    await due();
    await replica.run('fleet.reroute');
    expect(['queued', 'failed']).toContain(await replica.state(held));
    await sql`update scheduled set due_at = now() - interval '1 second'`.execute(owner);
    await replica.run('fleet.release');
    await due();
    await replica.run('fleet.reroute');
    expect(await replica.state(held)).toBe('failed');
  });

  test('has its project’s turn, and its caps hold (F5, F7)', async ({ replica, tenant }) => {
    const worker = await replica.worker({ max_concurrent: 10 });
    await replica.call('PATCH', `/api/v1/fleet/projects/${tenant.projectName}`, {
      as: 'admin',
      body: { max_running: 2 },
    });
    for (let run = 0; run < 3; run++) await replica.submit(to(worker));
    const last = await replica.submit(to(worker));
    expect(await replica.claim(worker)).toHaveLength(2);
    expect(await replica.claim(worker)).toEqual([]);
    const { body } = await replica.call('GET', `/api/v1/runs/${last}/placement`, { as: 'read' });
    expect((body['reasons'] as { code: string }[]).map(({ code }) => code)).toEqual([
      'capped',
      'directed',
      'behind',
    ]);
  });

  test('for one that is away stands in nobody’s way, however urgent it is (F5)', async ({
    replica,
  }) => {
    const [away, worker] = [await replica.worker(), await replica.worker({ max_concurrent: 50 })];
    for (let n = 0; n < 20; n++) await replica.submit({ ...to(away), priority: n + 1 });
    const open = await replica.submit();
    expect(ids(await replica.claim(worker, { slots: 1 }))).toEqual([open]);
    expect(await replica.claim(worker)).toEqual([]);
    expect(await replica.claim(away, { slots: 10 })).toHaveLength(10);
  });
});

describe('runs with one key', () => {
  const sticky = (more: Body = {}): Body => ({ sticky: { key: 'session-1', ...more } });

  test('go to the worker that had the last, on any replica (soft)', async ({ replicaWith }) => {
    const [here, there] = [replicaWith({ key }), replicaWith({ key })];
    const workers = [await here.worker(), await here.worker(), await here.worker()];
    const had = async (replica: FleetFixture, run: string): Promise<number> => {
      for (const [at, worker] of workers.entries()) {
        const [lease] = await replica.claim(worker);
        if (lease === undefined) continue;
        expect(lease.run_id).toBe(run);
        await replica.report(worker, { run_id: run, epoch: lease.epoch });
        return at;
      }
      return -1;
    };
    for (const worker of workers) await here.claim(worker);
    const first = await had(here, await here.submit(sticky()));
    expect(first).not.toBe(-1);
    for (const replica of [there, here, there]) {
      expect(await had(replica, await replica.submit(sticky()))).toBe(first);
    }
    const used = new Set<number>();
    for (let n = 0; n < 20; n++) {
      used.add(await had(here, await here.submit({ sticky: { key: `other-${n}` } })));
    }
    expect(used.size).toBeGreaterThan(1);
  });

  const claimed = async (replica: FleetFixture, worker: FixtureWorker): Promise<string[]> =>
    ids(await replica.claim(worker));

  test('fall to others when theirs is full, and stay with those (soft)', async ({
    replica,
    owner,
  }) => {
    const workers = [await replica.worker(), await replica.worker()];
    for (const worker of workers) await replica.claim(worker);
    const first = await replica.submit(sticky());
    const had = (await claimed(replica, workers[0] as FixtureWorker)).includes(first) ? 0 : 1;
    const [theirs, other] = [workers[had], workers[1 - had]] as [FixtureWorker, FixtureWorker];
    if (had === 1) expect(await claimed(replica, theirs)).toEqual([first]);
    const second = await replica.submit(sticky());
    expect(await claimed(replica, other)).toEqual([]);
    await sql`update run_route set move_at = now() - interval '1 second'`.execute(owner);
    await replica.run('fleet.reroute');
    expect(await claimed(replica, other)).toEqual([second]);
    const third = await replica.submit(sticky());
    expect(await claimed(replica, theirs)).toEqual([]);
    expect(await claimed(replica, other)).toEqual([third]);
  });

  test('wait for theirs until the time of their key is over (hard)', async ({ replica, owner }) => {
    const workers = [await replica.worker(), await replica.worker()];
    await replica.submit(sticky({ mode: 'hard', ttl_seconds: 120 }));
    await replica.submit(sticky({ mode: 'soft', ttl_seconds: 120 }));
    const { rows } = await sql<{ waits: number[]; moves: boolean }>`
      select array_agg(wait_ms order by wait_ms) as waits, bool_and(move_to is not null) as moves
      from run_route
    `.execute(owner);
    expect(rows).toEqual([{ waits: [2_000, 120_000], moves: true }]);
    const counts: number[] = [];
    for (const worker of workers) counts.push((await claimed(replica, worker)).length);
    expect(counts.toSorted((one, next) => one - next)).toEqual([0, 2]);
  });

  test('choose anew when theirs is gone, and when the last is too long ago', async ({
    replica,
    tenant,
    owner,
    db,
  }) => {
    const [one, other] = [await replica.worker(), await replica.worker()];
    const nums = new Map<string, number>();
    for (const { id } of [one, other]) {
      const { rows } = await sql<{ num: number }>`select num from worker where id = ${id}`.execute(
        owner,
      );
      nums.set(id, rows[0]?.num ?? 0);
    }
    const [a, b] = [nums.get(one.id) ?? 0, nums.get(other.id) ?? 0];
    const { orgId, projectId } = tenant;
    const stick = (workers: number[], laterSeconds = 0): Promise<number> =>
      inTenant(db, [orgId], async (tx) => {
        const offset = String(laterSeconds);
        await sql`select set_config('sagewai.clock_offset_seconds', ${offset}, true)`.execute(tx);
        return stickTo(tx, { orgId, projectId, key: 'k' }, { ttlMs: 60_000, workers });
      });
    expect(await stick([a, b])).toBe(a);
    expect(await stick([b, a])).toBe(a);
    expect(await stick([b, a], 59)).toBe(a);
    // It was used then.
    expect(await stick([b, a], 118)).toBe(a);
    expect(await stick([b, a], 179)).toBe(b);
    expect(await stick([a], 180)).toBe(a);
  });

  test('that are submitted at once go together, and their key is their organization’s', async ({
    replicaWith,
    owner,
    db,
  }) => {
    const replicas = [replicaWith({ key }), replicaWith({ key })];
    const [here] = replicas as [FleetFixture];
    const workers = [await here.worker(), await here.worker(), await here.worker()];
    await Promise.all(replicas.flatMap((each) => [each.submit(sticky()), each.submit(sticky())]));
    const counts: number[] = [];
    for (const worker of workers) {
      const had = [];
      for (const replica of replicas) had.push(...(await claimed(replica, worker)));
      counts.push(had.length);
    }
    expect(counts.toSorted((one, next) => one - next)).toEqual([0, 0, 4]);
    const foreign = await makeTenant(db);
    const seen = await inTenant(db, [foreign.orgId], (tx) =>
      sql`select from sticky_key`.execute(tx),
    );
    expect(seen.rows).toHaveLength(0);
    expect((await sql`select from sticky_key`.execute(owner)).rows).toHaveLength(1);
  });
});
