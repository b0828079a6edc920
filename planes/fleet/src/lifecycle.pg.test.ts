import { createSecretKey } from 'node:crypto';

import { describe, expect } from 'vitest';

import { fleetTest as test } from './fleet-test.ts';

describe('the life of a run', () => {
  test('is queued, running and completed, with its payload and output unchanged', async ({
    replica,
    tenant,
  }) => {
    const worker = await replica.worker({ models: ['ollama/llama3.1:70b'] });
    const payload = { agent: { name: 'a' }, message: 'zero \u0000 and \ud800, é' };
    const run = await replica.submit({ payload, model: 'LLAMA3.1-70b', labels: {} });
    expect(await replica.state(run)).toBe('queued');

    const [lease] = await replica.claim(worker);
    expect(lease).toMatchObject({
      run_id: run,
      org_id: tenant.orgId,
      project_id: tenant.projectId,
      pool: 'default',
      model: 'LLAMA3.1-70b',
      payload,
      worker_id: worker.id,
      attempt: 1,
      max_attempts: 3,
      deadline: null,
    });
    expect(await replica.state(run)).toBe('running');

    const output = { text: 'done \u0000' };
    const answer = await replica.report(worker, { run_id: run, epoch: lease?.epoch, output });
    expect(answer).toEqual({
      status: 200,
      body: { status: 'ok', requeued: false, repeated: false },
    });
    const { body } = await replica.call('GET', `/api/v1/runs/${run}`, { as: 'read' });
    expect(body).toMatchObject({
      state: 'completed',
      output,
      payload,
      worker_id: worker.id,
      cost_usd: '0',
    });
    const task = await replica.call('GET', `/api/v1/fleet/tasks/${run}`, { as: 'read' });
    expect(task.body).toMatchObject({ run_id: run, status: 'completed', model: 'llama3.1-70b' });
  });

  test('of an older worker is a flat object or 204, and its report needs no epoch', async ({
    replica,
  }) => {
    const worker = await replica.worker();
    const as = { 'x-worker-id': worker.id, 'x-worker-secret': worker.secret };
    const claim = () =>
      replica.call('POST', '/api/v1/fleet/claim', { as, body: { poll_timeout: 0 } });
    expect((await claim()).status).toBe(204);
    const run = await replica.submit();
    expect(await claim()).toMatchObject({
      status: 200,
      body: { run_id: run, worker_id: worker.id },
    });
    const report = { as, body: { run_id: run, status: 'failed', error: 'a\u0000b', extra: 1 } };
    expect((await replica.call('POST', '/api/v1/fleet/report', report)).status).toBe(200);
    expect((await replica.call('POST', '/api/v1/fleet/report', report)).body).toMatchObject({
      repeated: true,
    });
    const other = { as, body: { run_id: run, status: 'completed' } };
    expect(await replica.call('POST', '/api/v1/fleet/report', other)).toMatchObject({
      status: 409,
      body: { code: 'lease.lost' },
    });
    const task = await replica.call('GET', `/api/v1/fleet/tasks/${run}`, { as: 'read' });
    expect(task.body).toMatchObject({ status: 'failed', error: 'a\uFFFDb' });
  });

  test('goes to a worker that waits, on this replica and on another', async ({
    replicaWith,
    url,
  }) => {
    const key = createSecretKey(Buffer.alloc(32, 7));
    const here = replicaWith({ key, listenUrl: url });
    const there = replicaWith({ key, listenUrl: url });
    const worker = await here.worker();
    for (const replica of [here, there]) {
      const waiting = here.claim(worker, { slots: 1, poll_timeout: 30 });
      const run = await replica.submit();
      const [lease] = await waiting;
      expect(lease?.run_id).toBe(run);
    }
  });

  test('is found by the sweep when its wake was lost', async ({ replicaWith }) => {
    const key = createSecretKey(Buffer.alloc(32, 7));
    const [here, deaf] = [replicaWith({ key }), replicaWith({ key })];
    const worker = await deaf.worker();
    const run = await here.submit();
    // This replica was told nothing: only a sweep can make it look.
    let found: string | undefined;
    const waiting = deaf.claim(worker, { slots: 1, poll_timeout: 30 }).then(([lease]) => {
      found = lease?.run_id;
    });
    while (found === undefined) {
      await deaf.run('fleet.sweep');
      await new Promise((resolve) => void setImmediate(resolve));
    }
    await waiting;
    expect(found).toBe(run);
  });

  test('passes by workers that it does not match (F3)', async ({ replica }) => {
    await replica.submit({ model: 'gpt-4o', pool: 'gpu', labels: { region: 'eu' } });
    const near = { models: ['gpt-4o'], pool: 'gpu', labels: { region: 'eu', tier: 'x' } };
    for (const change of [
      { models: ['gpt-4'] },
      { pool: 'cpu' },
      { labels: { region: 'us' } },
      { labels: {} },
    ]) {
      const worker = await replica.worker({ ...near, ...change });
      expect(
        await replica.claim(worker, { models: ['gpt-4o'], pool: 'gpu', labels: { region: 'eu' } }),
      ).toEqual([]);
    }
    expect(await replica.claim(await replica.worker(near))).toHaveLength(1);
  });

  test('goes before others of its project by priority', async ({ replica }) => {
    const ids = [
      await replica.submit(),
      await replica.submit({ priority: -5 }),
      await replica.submit({ priority: 5 }),
    ];
    const worker = await replica.worker();
    const order: (string | undefined)[] = [];
    for (const _ of ids) order.push((await replica.claim(worker, { slots: 1 }))[0]?.run_id);
    expect(order).toEqual([ids[2], ids[0], ids[1]]);
  });
});

describe('submission', () => {
  test('answers 201 with the same id for the same key and request, and 409 for another', async ({
    replica,
  }) => {
    const submit = (task: object) =>
      replica.call('POST', '/api/v1/fleet/tasks', {
        as: { authorization: 'Bearer write', 'idempotency-key': 'k' },
        body: { payload: {}, ...task },
      });
    const first = await submit({});
    expect(first).toMatchObject({
      status: 201,
      body: { created: true, pool: 'default', model: null },
    });
    expect(await submit({})).toMatchObject({
      status: 201,
      body: { run_id: first.body['run_id'], created: false },
    });
    expect(await submit({ priority: 1 })).toMatchObject({
      status: 409,
      body: { code: 'idempotency.conflict' },
    });
  });

  test('stores a batch in its order, and lists it newest first, page by page', async ({
    replica,
  }) => {
    const tasks = Array.from({ length: 5 }, (_, n) => ({ payload: { n } }));
    const { body } = await replica.call('POST', '/api/v1/fleet/tasks/batch', {
      as: 'write',
      body: { tasks },
    });
    const ids = (body['tasks'] as { run_id: string }[]).map(({ run_id }) => run_id);
    const list = async (query: string) =>
      (await replica.call('GET', `/api/v1/runs?${query}`, { as: 'read' })).body as {
        runs: { id: string }[];
        next_cursor: string | null;
      };
    const first = await list('limit=3&state=queued');
    expect(first.runs.map(({ id }) => id)).toEqual(ids.slice(2).toReversed());
    const second = await list(`limit=3&cursor=${first.next_cursor}`);
    expect(second.runs.map(({ id }) => id)).toEqual(ids.slice(0, 2).toReversed());
    expect(second.next_cursor).toBeNull();
    expect((await list('state=running')).runs).toEqual([]);
  });

  test.for([
    ['a model of which nothing is left', { model: 'openai/' }],
    ['an unknown field, on our own surface', { nonsense: 1 }],
    ['a label of the wrong type', { labels: { a: 1 } }],
    ['a pool with a line break', { pool: 'a\nb' }],
    ['no attempts', { max_attempts: 0 }],
    ['a payload that is no object', { payload: [] }],
  ] as const)('refuses %s', async ([, change], { replica }) => {
    const body = { payload: {}, ...change };
    expect(await replica.call('POST', '/api/v1/runs', { as: 'write', body })).toMatchObject({
      status: 400,
      body: { code: 'request.invalid' },
    });
  });

  test('needs the scope write', async ({ replica }) => {
    const body = { payload: {} };
    expect((await replica.call('POST', '/api/v1/runs', { as: 'read', body })).status).toBe(403);
    expect((await replica.call('POST', '/api/v1/runs', { body })).status).toBe(401);
  });
});

describe('cancellation', () => {
  test('ends a queued run at once, and tells the worker of a running one', async ({ replica }) => {
    const worker = await replica.worker();
    const [running] = [await replica.submit()];
    const [lease] = await replica.claim(worker);
    const queued = await replica.submit();
    const cancel = (id: string) =>
      replica.call('POST', `/api/v1/runs/${id}/cancel`, { as: 'write', body: {} });
    expect((await cancel(queued)).body).toMatchObject({ state: 'cancelled' });
    expect((await cancel(running)).body).toMatchObject({
      state: 'running',
      cancel_requested: true,
    });
    expect((await cancel('0197b2f0-0000-7000-8000-000000000000')).status).toBe(404);
    const beat = await replica.call('POST', '/api/v1/fleet/heartbeat', {
      as: worker.token,
      body: {},
    });
    expect(beat.body).toMatchObject({ ok: true, cancel: [running], lost: [] });
    const epoch = lease?.epoch ?? 0;
    expect(await replica.fleet.areLeasesAlive([{ runId: running as never, epoch }])).toEqual([
      false,
    ]);
    await replica.report(worker, { run_id: running, epoch, status: 'cancelled' });
    expect(await replica.state(running)).toBe('cancelled');
    expect(await replica.claim(worker)).toEqual([]);
  });

  test('is seen by whoever watches the run', async ({ replica }) => {
    const run = await replica.submit();
    const seen = replica.call('GET', `/api/v1/runs/${run}?wait_ms=30000&known_state=queued`, {
      as: 'read',
    });
    await replica.state(run);
    await replica.call('POST', `/api/v1/fleet/tasks/${run}/cancel`, { as: 'write', body: {} });
    expect((await seen).body).toMatchObject({ state: 'cancelled' });
  });
});

describe('metrics', () => {
  test('tell what is pending, and 0 of what is not', async ({ replica }) => {
    const line = async () =>
      (await replica.metrics.render())
        .split('\n')
        .filter((text) => text.startsWith('sagewai_pending_runs'));
    const worker = await replica.worker({ pool: 'gpu' });
    await replica.submit({ pool: 'gpu' });
    expect(await line()).toEqual(['sagewai_pending_runs{pool="gpu",model="*"} 1']);
    const [lease] = await replica.claim(worker);
    expect(await line()).toEqual(['sagewai_pending_runs{pool="gpu",model="*"} 0']);
    await replica.report(worker, { run_id: lease?.run_id, epoch: lease?.epoch });
    await replica.submit({ pool: 'gpu' });
    await replica.run('fleet.count');
    await replica.run('fleet.gauge');
    const text = await replica.metrics.render();
    expect(text).toContain('sagewai_pending_runs{pool="gpu",model="*"} 1');
    expect(text).toContain(`sagewai_worker_load{worker="${worker.id}",pool="gpu"} 0`);
    expect(text).toContain('sagewai_run_duration_count{pool="gpu",status="completed"} 1');
  });
});
