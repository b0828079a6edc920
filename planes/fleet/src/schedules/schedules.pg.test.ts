import { type Executor, inTenant, sql } from '@sagewai/postgres';
import { holdTransaction } from '@sagewai/testing';
import type { RunId } from '@sagewai/wire';
import { beforeEach, describe, expect } from 'vitest';

import type { Answer, FleetFixture } from '../fleet-fixture.ts';
import { fleetTest as test } from '../fleet-test.ts';
import {
  findSchedule,
  forgetFirings,
  insertFiring,
  listActiveRuns,
  listDueSchedules,
  lockSchedule,
} from './schedules.sql.ts';

interface Fired {
  readonly planned_at: string;
  readonly how: string;
  readonly run_id: string | null;
}

const MINUTE_MS = 60_000;
const NEAR_ITS_END_MS = 8_000;

/** Instants are counted by the clock of the database: a test in which a minute begins counts one more. */
beforeEach(async () => {
  const left = MINUTE_MS - (Date.now() % MINUTE_MS);
  if (left < NEAR_ITS_END_MS) await new Promise((resolve) => setTimeout(resolve, left + 100));
});

const call = (
  replica: FleetFixture,
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  path: string,
  body?: unknown,
): Promise<Answer> =>
  replica.call(method, `/api/v1/schedules${path}`, {
    as: method === 'GET' ? 'read' : 'write',
    ...(body === undefined ? {} : { body }),
  });

async function create(replica: FleetFixture, more: object = {}): Promise<string> {
  const { status, body } = await call(replica, 'POST', '', {
    name: 'every minute',
    cron: '* * * * *',
    submission: { payload: { a: 1 }, priority: 5 },
    ...more,
  });
  if (status !== 201) throw new Error(JSON.stringify(body));
  return String(body['id']);
}

/** So many minutes have passed since its next instant was settled. */
async function pass(owner: Executor, minutes: number): Promise<void> {
  await sql`
    update schedule set planned_at = date_trunc('minute', now()) - ${minutes - 1} * interval '1 minute'
  `.execute(owner);
  await sql`update schedule_due set due_at = now() - interval '1 second'`.execute(owner);
}

const firings = async (replica: FleetFixture, id: string): Promise<Fired[]> =>
  (await call(replica, 'GET', `/${id}/firings`)).body['firings'] as Fired[];
const hows = async (replica: FleetFixture, id: string): Promise<string[]> =>
  (await firings(replica, id)).map(({ how }) => how);
const countRuns = async (owner: Executor): Promise<number> =>
  (await sql`select from run`.execute(owner)).rowCount;

describe('a schedule', () => {
  test('submits one run an instant, as it was asked', async ({ replica, owner, dispatch }) => {
    const id = await create(replica);
    await replica.run('fleet.schedule');
    expect(await countRuns(owner)).toBe(0);
    await pass(owner, 1);
    await replica.run('fleet.schedule');
    await replica.run('fleet.schedule');
    const [fired] = await firings(replica, id);
    const { body } = await replica.call('GET', `/api/v1/runs/${fired?.run_id}`, { as: 'read' });
    expect(body).toMatchObject({ state: 'queued', payload: { a: 1 }, priority: 5 });
    expect(await countRuns(owner)).toBe(1);
    expect(await listDueSchedules(dispatch, 10)).toEqual([]);
    const { body: found } = await call(replica, 'GET', '/every%20minute');
    expect(Date.parse(String(found['next_at']))).toBeGreaterThan(Date.now() - 1_000);
    const by = await sql<{ by: string }>`select submitted_by as by from run`.execute(owner);
    expect(by.rows).toEqual([{ by: `schedule:${id}` }]);
  });

  test('is created, read, changed, paused, resumed and deleted', async ({ replica }) => {
    const id = await create(replica, { time_zone: 'Europe/Berlin', jitter_seconds: 5 });
    expect((await call(replica, 'GET', '')).body['schedules']).toMatchObject([
      { id, paused: false },
    ]);
    expect((await call(replica, 'PATCH', `/${id}`, { paused: true })).body).toMatchObject({
      paused: true,
      next_at: null,
      jitter_seconds: 5,
    });
    const next = await call(replica, 'GET', `/${id}/next?count=2`);
    expect(next.body['instants']).toHaveLength(2);
    const resumed = await call(replica, 'PATCH', `/${id}`, { paused: false, cron: '0 0 1 1 *' });
    expect(String(resumed.body['next_at'])).toMatch(/12-31T23:00:00.000Z$/);
    expect((await call(replica, 'DELETE', `/${id}`)).status).toBe(200);
    expect((await call(replica, 'GET', `/${id}`)).status).toBe(404);
  });

  test.for([
    ['a cron expression', { cron: '61 * * * *' }, '/cron'],
    ['seconds', { cron: '* * * * * *' }, '/cron'],
    ['a time zone', { time_zone: 'Mars/Phobos' }, '/time_zone'],
  ] as const)('says what is wrong with %s', async ([, more, path], { replica }) => {
    const body = { name: 's', cron: '* * * * *', submission: { payload: {} }, ...more };
    const answer = await call(replica, 'POST', '', body);
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ path }] } });
  });

  test('refuses a second of its name, and an instant of its own', async ({ replica }) => {
    await create(replica);
    await expect(create(replica)).rejects.toThrow(/resource.exists/);
    const submission = { payload: {}, delay_seconds: 5 };
    await expect(create(replica, { name: 'b', submission })).rejects.toThrow(/request.invalid/);
  });

  test('is triggered, paused or not', async ({ replica, owner }) => {
    const id = await create(replica, { overlap: 'skip' });
    await call(replica, 'PATCH', `/${id}`, { paused: true });
    const { status, body } = await call(replica, 'POST', `/${id}/trigger`);
    expect(status).toBe(201);
    expect(await firings(replica, id)).toMatchObject([
      { how: 'submitted', run_id: body['run_id'] },
    ]);
    await pass(owner, 1);
    await sql`update schedule set planned_at = null`.execute(owner);
    await replica.run('fleet.schedule');
    expect(await countRuns(owner)).toBe(1);
  });
});

describe('an instant', () => {
  test('fires once with two leaders, while the first has not committed (S1)', async ({
    replica,
    replicaWith,
    owner,
    db,
    tenant,
  }) => {
    const other = replicaWith({});
    const id = await create(replica);
    await pass(owner, 1);
    {
      await using held = await holdTransaction(db, [tenant.orgId], (tx) => lockSchedule(tx, id));
      expect(held.output?.schedule.id).toBe(id);
      await other.run('fleet.schedule');
      expect(await countRuns(owner)).toBe(0);
    }
    await Promise.all([replica, other, replica, other].map((one) => one.run('fleet.schedule')));
    expect(await countRuns(owner)).toBe(1);
  });

  test('fires once although its schedule was planned anew as it was before (S1)', async ({
    replica,
    owner,
  }) => {
    const id = await create(replica);
    await pass(owner, 1);
    await replica.run('fleet.schedule');
    // As if the plan of the next had been lost: the record of the instant is what counts.
    await pass(owner, 1);
    await replica.run('fleet.schedule');
    const fired = await firings(replica, id);
    expect(new Set(fired.map(({ planned_at: at }) => at)).size).toBe(fired.length);
    expect(await countRuns(owner)).toBe(fired.length);
  });

  test('fires after a crash before the commit, and leaves nothing behind (S1)', async ({
    replica,
    owner,
    db,
    tenant,
  }) => {
    const id = await create(replica);
    await pass(owner, 1);
    const crashed = inTenant(db, [tenant.orgId], async (tx) => {
      const locked = await lockSchedule(tx, id);
      if (locked === null) throw new Error('it is not there');
      const { schedule } = locked;
      const at = new Date(Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS);
      await insertFiring(tx, { schedule, at, how: 'submitted', runId: id as RunId });
      throw new Error('the process died');
    });
    await expect(crashed).rejects.toThrow('died');
    expect(await firings(replica, id)).toEqual([]);
    await replica.run('fleet.schedule');
    expect(await hows(replica, id)).toEqual(['submitted']);
  });

  test.for([
    ['none', 1, ['submitted', 'missed', 'missed']],
    ['latest', 1, ['submitted', 'missed', 'missed']],
    ['all', 2, ['submitted', 'submitted', 'submitted']],
  ] as const)(
    'that was missed is made up for: %s',
    async ([rule, runs, told], { replica, owner }) => {
      const id = await create(replica, { catch_up: rule, catch_up_max: 2 });
      await pass(owner, 60);
      await replica.run('fleet.schedule');
      const got = await hows(replica, id);
      expect(got.slice(0, rule === 'all' ? 3 : 2)).toEqual(told.slice(0, rule === 'all' ? 3 : 2));
      expect(await countRuns(owner)).toBeGreaterThanOrEqual(runs);
      expect(await countRuns(owner)).toBeLessThanOrEqual(runs + 1);
    },
  );

  test.for([
    ['allow', ['submitted', 'submitted'], 2],
    ['skip', ['skipped', 'submitted'], 1],
    ['queue_one', ['held', 'submitted'], 1],
    ['cancel_running', ['submitted', 'submitted'], 2],
  ] as const)(
    'that overlaps the run before: %s',
    async ([overlap, told, runs], { replica, owner, db, tenant }) => {
      const id = await create(replica, { overlap });
      const { body } = await call(replica, 'POST', `/${id}/trigger`);
      const first = String(body['run_id']);
      // The trigger is of now; the instant is of the next minute.
      await sql`update firing set planned_at = planned_at - interval '1 hour'`.execute(owner);
      await pass(owner, 1);
      await replica.run('fleet.schedule');
      expect(await hows(replica, id)).toEqual(told);
      expect(await countRuns(owner)).toBe(runs);
      expect(await replica.state(first)).toBe(
        overlap === 'cancel_running' ? 'cancelled' : 'queued',
      );

      if (overlap !== 'queue_one') return;
      await sql`update schedule_due set due_at = now() - interval '1 second'`.execute(owner);
      await replica.run('fleet.schedule');
      expect(await countRuns(owner)).toBe(1);
      await replica.call('POST', `/api/v1/runs/${first}/cancel`, { as: 'write' });
      await sql`update schedule_due set due_at = now() - interval '1 second'`.execute(owner);
      await replica.run('fleet.schedule');
      expect(await hows(replica, id)).toContain('submitted');
      expect(await hows(replica, id)).not.toContain('held');
      expect(await countRuns(owner)).toBeGreaterThanOrEqual(2);
      const active = await inTenant(db, [tenant.orgId], (tx) => listActiveRuns(tx, id));
      expect(active).not.toContain(first);
    },
  );

  test('cancels the oldest of those that go on, as many as are too many', async ({
    replica,
    owner,
  }) => {
    const id = await create(replica, { overlap: 'cancel_oldest', overlap_max: 2 });
    const runs: string[] = [];
    for (let n = 3; n > 0; n -= 1) {
      const { body } = await call(replica, 'POST', `/${id}/trigger`);
      runs.push(String(body['run_id']));
      await sql`update firing set planned_at = planned_at - interval '1 hour'`.execute(owner);
    }
    await pass(owner, 1);
    await replica.run('fleet.schedule');
    const states = await Promise.all(runs.map((run) => replica.state(run)));
    expect(states).toEqual(['cancelled', 'cancelled', 'queued']);
    expect(await countRuns(owner)).toBe(4);
  });

  test('is refused while too many go on, and so is a trigger', async ({ replica, owner }) => {
    const id = await create(replica, { overlap: 'refuse_new' });
    const first = await call(replica, 'POST', `/${id}/trigger`);
    await sql`update firing set planned_at = planned_at - interval '1 hour'`.execute(owner);
    const second = await call(replica, 'POST', `/${id}/trigger`);
    expect(second).toMatchObject({
      status: 409,
      body: { code: 'state.conflict', detail: '1 of its runs go on; 1 may.' },
    });
    await pass(owner, 1);
    await replica.run('fleet.schedule');
    const [refused] = (await firings(replica, id)) as (Fired & { error: string })[];
    expect(refused).toMatchObject({ how: 'refused', error: '1 of its runs go on; 1 may' });
    const run = String(first.body['run_id']);
    await replica.call('POST', `/api/v1/runs/${run}/cancel`, { as: 'write' });
    expect((await call(replica, 'POST', `/${id}/trigger`)).status).toBe(201);
  });

  test('waits for room on a full server, and fires when there is some (F8)', async ({
    replicaWith,
    owner,
  }) => {
    const settings = { queuedMax: 1, roomChunk: 1, fullRetryMs: 1 };
    const replica = replicaWith({ settings });
    await replica.run('fleet.count');
    const id = await create(replica);
    const other = await replica.submit();
    await pass(owner, 1);
    await replica.run('fleet.schedule');
    expect(await firings(replica, id)).toEqual([]);
    expect((await call(replica, 'POST', `/${id}/trigger`)).status).toBe(503);
    expect(await countRuns(owner)).toBe(1);
    await replica.call('POST', `/api/v1/runs/${other}/cancel`, { as: 'write' });
    await replica.run('fleet.count');
    await replica.run('fleet.schedule');
    expect(await hows(replica, id)).toEqual(['submitted']);
  });

  test('is forgotten after its time, unless its run is not over', async ({
    replica,
    owner,
    db,
    tenant,
  }) => {
    const id = await create(replica);
    const { body } = await call(replica, 'POST', `/${id}/trigger`);
    const forget = () => inTenant(db, [tenant.orgId], (tx) => forgetFirings(tx, -1_000));
    await forget();
    expect(await firings(replica, id)).toHaveLength(1);
    await replica.call('POST', `/api/v1/runs/${String(body['run_id'])}/cancel`, { as: 'write' });
    await forget();
    expect(await firings(replica, id)).toEqual([]);
    const { orgId, projectId } = tenant;
    const named = (name: string) =>
      inTenant(db, [orgId], (tx) => findSchedule(tx, { orgId, projectId, named: name }));
    expect((await named('every minute'))?.id).toBe(id);
    expect(await named('other')).toBeNull();
    expect(await countRuns(owner)).toBe(1);
  });
});
