import { createSecretKey } from 'node:crypto';

import { sql } from '@sagewai/postgres';
import { makeTenant } from '@sagewai/testing';
import { describe, expect } from 'vitest';

import type { FleetFixture } from '../fleet-fixture.ts';
import { fleetTest as test } from '../fleet-test.ts';

const set = (replica: FleetFixture, path: string, body: object, as = 'admin') =>
  replica.app.inject({
    method: 'PATCH',
    url: `/api/v1/fleet/${path}`,
    headers: { authorization: `Bearer ${as}`, 'content-type': 'application/json' },
    payload: JSON.stringify(body),
  });

const trySubmit = async (replica: FleetFixture, tasks: object[]) => {
  const answer = await replica.app.inject({
    method: 'POST',
    url: '/api/v1/fleet/tasks/batch',
    headers: { authorization: 'Bearer write', 'content-type': 'application/json' },
    payload: JSON.stringify({ tasks }),
  });
  const body = JSON.parse(answer.payload) as Record<string, unknown>;
  return { status: answer.statusCode, code: body['code'], after: answer.headers['retry-after'] };
};

describe('limits of projects and pools', () => {
  test('are set one by one, listed with what waits, and recorded', async ({
    replica,
    tenant,
    owner,
  }) => {
    const { projectId, projectName } = tenant;
    expect(
      (await set(replica, `projects/${projectName}`, { weight: 3, max_running: 2 })).statusCode,
    ).toBe(200);
    const changed = await set(replica, `projects/${projectId}`, {
      max_queued: 9,
      max_running: null,
    });
    expect(JSON.parse(changed.payload)).toEqual({
      project_id: projectId,
      weight: 3,
      max_running: null,
      max_queued: 9,
      max_starts: null,
      paused: false,
    });
    const starts = { count: 5, per_seconds: 60 };
    await set(replica, 'queues/gpu%2Flarge', { max_starts: starts });
    await set(replica, 'queues/gpu%2Flarge', { project: projectName, max_queued: 1 });
    await replica.submit({ pool: 'gpu/large' });
    await replica.run('fleet.count');
    const nothing = { paused: 0, cap: 0, rate: 0 };
    const listed = await replica.call('GET', '/api/v1/fleet/projects', { as: 'read' });
    expect(listed.body['projects']).toMatchObject([
      {
        project_id: projectId,
        name: projectName,
        weight: 3,
        max_queued: 9,
        pending: 1,
        blocked: nothing,
      },
    ]);
    const pools = await replica.call('GET', '/api/v1/fleet/queues', { as: 'read' });
    expect(pools.body['queues']).toMatchObject([
      { pool: 'gpu/large', project_id: null, max_starts: starts, max_queued: null, pending: 1 },
      { pool: 'gpu/large', project_id: projectId, max_starts: null, max_queued: 1, pending: 1 },
    ]);
    const { rows } = await sql<{ subject: string }>`
      select subject from audit_entry where action = 'fleet.setQueue' order by seq
    `.execute(owner);
    expect(rows.map(({ subject }) => subject)).toEqual([
      'pool:gpu/large',
      `project:${projectId} pool:gpu/large`,
    ]);
  });

  test('are for administrators, and of projects that the caller can see', async ({
    replica,
    db,
  }) => {
    const other = await makeTenant(db);
    expect((await set(replica, 'projects/default', { weight: 2 }, 'write')).statusCode).toBe(403);
    expect((await set(replica, `projects/${other.projectId}`, { weight: 2 })).statusCode).toBe(404);
    expect((await set(replica, 'projects/default', { weight: 0 })).statusCode).toBe(400);
    const pause = (body: object, as = 'admin') =>
      replica.call('POST', '/api/v1/fleet/pause', { as, body });
    expect((await pause({})).status).toBe(400);
    expect((await pause({ project: other.projectId })).status).toBe(404);
    expect((await pause({ pool: 'gpu' }, 'write')).status).toBe(403);
  });

  test('a pause lets what runs end and what waits wait; a poll that waits gets it when it is over', async ({
    replica,
    owner,
    tenant,
  }) => {
    const worker = await replica.worker();
    const running = await replica.submit();
    const [lease] = await replica.claim(worker);
    const place = { project: tenant.projectName };
    const paused = await replica.call('POST', '/api/v1/fleet/pause', { as: 'admin', body: place });
    expect(paused.body).toEqual({
      project_id: tenant.projectId,
      pool: null,
      paused: true,
      changed: true,
    });
    const waiting = await replica.submit();
    expect(await replica.claim(worker)).toEqual([]);
    const report = { run_id: running, epoch: lease?.epoch };
    expect((await replica.report(worker, report)).status).toBe(200);
    const poll = replica.claim(worker, { poll_timeout: 20 });
    const resumed = await replica.call('POST', '/api/v1/fleet/resume', {
      as: 'admin',
      body: place,
    });
    expect(resumed.body).toMatchObject({ paused: false, changed: true });
    expect((await poll).map(({ run_id: id }) => id)).toEqual([waiting]);
    const { rows } = await sql<{ action: string; subject: string }>`
      select action, subject from audit_entry where action in ('fleet.pause', 'fleet.resume') order by seq
    `.execute(owner);
    expect(rows).toEqual(
      ['fleet.pause', 'fleet.resume'].map((action) => ({
        action,
        subject: `project:${tenant.projectId}`,
      })),
    );
  });

  test('a capped run goes to a poll on another replica when one ends (F5, F7)', async ({
    replicaWith,
    url,
  }) => {
    const key = createSecretKey(Buffer.alloc(32, 7));
    // Without a look in between, only the news that a run has ended can wake the poll in time.
    const settings = { sweepEveryMs: 600_000, heldLookEveryMs: 600_000 };
    const [here, there] = [1, 2].map(() => replicaWith({ key, listenUrl: url, settings })) as [
      FleetFixture,
      FleetFixture,
    ];
    const worker = await here.worker();
    const concurrency = { key: 'customer 7', limit: 1 };
    const runs = await Promise.all([1, 2].map(() => here.submit({ concurrency })));
    const [lease] = await here.claim(worker);
    const other = await there.worker();
    await there.run('fleet.sweep');
    const poll = there.claim(other, { poll_timeout: 20 });
    await there.submit({ concurrency });
    expect(await here.claim(worker)).toEqual([]);
    await here.report(worker, { run_id: lease?.run_id, epoch: lease?.epoch });
    expect(runs).toContain((await poll)[0]?.run_id);
  });

  test('what is capped, paused or too fast is no work for more workers, in the metrics too', async ({
    replica,
    tenant,
  }) => {
    await set(replica, `projects/${tenant.projectName}`, { max_running: 1 });
    for (let n = 0; n < 3; n++) await replica.submit();
    const worker = await replica.worker();
    await replica.claim(worker, { slots: 1 });
    await replica.run('fleet.count');
    await replica.run('fleet.gauge');
    const text = await replica.metrics.render();
    expect(text).toContain('sagewai_pending_runs{pool="default",model="*"} 0');
    expect(text).toContain('sagewai_blocked_runs{pool="default",reason="cap"} 2');
    expect(text).toContain('sagewai_blocked_runs{pool="default",reason="paused"} 0');
    expect(text).toContain('sagewai_pending_runs_blocked_by_quota{pool="default",model="*"} 2');
  });
});

describe('back-pressure', () => {
  test('a full project answers 429 with Retry-After, and stores nothing of the batch (F8)', async ({
    replicaWith,
    owner,
    tenant,
  }) => {
    const replica = replicaWith({ settings: { fullRetryMs: 1_500 } });
    await set(replica, `projects/${tenant.projectName}`, { max_queued: 3 });
    expect(await trySubmit(replica, [{ payload: {} }, { payload: {} }])).toMatchObject({
      status: 201,
    });
    const full = { status: 429, code: 'queue.full', after: '2' };
    expect(await trySubmit(replica, [{ payload: {} }, { payload: {} }])).toEqual(full);
    expect(await trySubmit(replica, [{ payload: {} }])).toMatchObject({ status: 201 });
    expect(await trySubmit(replica, [{ payload: {} }])).toEqual(full);
    const { rows } = await sql<{ n: number }>`select count(*)::int as n from run`.execute(owner);
    expect(rows).toEqual([{ n: 3 }]);
  });

  test('twenty that submit at once to two replicas do not exceed the bound (F8)', async ({
    replicaWith,
    owner,
  }) => {
    const replicas = [replicaWith({}), replicaWith({})];
    await set(replicas[0] as FleetFixture, 'queues/gpu', { max_queued: 25 });
    const task = { payload: {}, pool: 'gpu' };
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        trySubmit(replicas[n % 2] as FleetFixture, [task, task, task]),
      ),
    );
    const stored = answers.filter(({ status }) => status === 201).length;
    expect(stored).toBe(8);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(12);
    const { rows } = await sql<{ n: number }>`select count(*)::int as n from ready`.execute(owner);
    expect(rows).toEqual([{ n: 24 }]);
  });

  test('a full server answers 503 with Retry-After, and takes more once there is room (F8)', async ({
    replicaWith,
    owner,
  }) => {
    const settings = { queuedMax: 5, roomChunk: 2, fullRetryMs: 1 };
    const replica = replicaWith({ settings });
    await replica.run('fleet.count');
    const answers = [];
    for (let n = 0; n < 8; n++) answers.push(await trySubmit(replica, [{ payload: {} }]));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201, 503, 503, 503]);
    expect(answers.at(-1)).toEqual({ status: 503, code: 'service.busy', after: '1' });
    const { rows } = await sql<{ n: number }>`select count(*)::int as n from run`.execute(owner);
    expect(rows).toEqual([{ n: 5 }]);
    const worker = await replica.worker();
    expect(await replica.claim(worker, { slots: 2 })).toHaveLength(2);
    await replica.run('fleet.count');
    expect(await trySubmit(replica, [{ payload: {} }, { payload: {} }])).toMatchObject({
      status: 201,
    });
    expect(await trySubmit(replica, [{ payload: {} }])).toMatchObject({ status: 503 });
  });
});

describe('priority', () => {
  test('of what has waited for long is better than that of what has just come (F5)', async ({
    replica,
    replicaWith,
    open,
    owner,
  }) => {
    const old = await replica.submit({ priority: 0 });
    const young = await replica.submit({ priority: 50 });
    // As if it had been submitted a quarter of an hour later: a run id begins with the time.
    const quarter = 900;
    const laterMs = Number.parseInt(young.replace('-', '').slice(0, 12), 16) + quarter * 1_000;
    const hex = laterMs.toString(16).padStart(12, '0');
    const late = `${hex.slice(0, 8)}-${hex.slice(8)}${young.slice(13)}`;
    await sql`update run set run_id = ${late} where run_id = ${young}`.execute(owner);
    await sql`update ready set run_id = ${late} where run_id = ${young}`.execute(owner);
    const claimOne = async (ahead: FleetFixture): Promise<string | undefined> => {
      const worker = await ahead.worker();
      const poll = ahead.claim(worker, { slots: 1, poll_timeout: 20 });
      // The poll is on its way: it is looked for until it has come.
      const sweeps = setInterval(() => void ahead.run('fleet.sweep'), 20);
      const [lease] = await poll.finally(() => clearInterval(sweeps));
      return lease?.run_id;
    };
    const options = { clockOffsetSeconds: quarter };
    const ahead = replicaWith({
      db: open(options),
      dispatch: open({ ...options, role: 'sagewai_dispatch' }),
      // Fifty steps of these are less than the quarter of an hour.
      settings: { agingMs: 10_000 },
    });
    expect(await claimOne(ahead)).toBe(old);
    expect(await claimOne(ahead)).toBe(late);
  });
});
