import { randomUUID } from 'node:crypto';

import { sql } from '@sagewai/postgres';
import { describe, expect } from 'vitest';

import type { Answer, FixtureWorker, FleetFixture } from '../fleet-fixture.ts';
import { fleetTest as test } from '../fleet-test.ts';
import { satisfies, type Selector } from '../matching/selector.ts';

const why = async (replica: FleetFixture, run: string): Promise<string[]> => {
  const { body } = await replica.call('GET', `/api/v1/runs/${run}/placement`, { as: 'read' });
  return (body['reasons'] as { code: string }[]).map(({ code }) => code);
};

const queues = async (replica: FleetFixture): Promise<Answer['body'][]> => {
  const { body } = await replica.call('GET', '/api/v1/fleet/pending', { as: 'read' });
  return body['queues'] as Answer['body'][];
};

describe('why a run is not running', () => {
  test('is told from submission to end, under both names', async ({ replica }) => {
    const run = await replica.submit({ pool: 'gpu', labels: { region: 'eu' } });
    expect(await why(replica, run)).toEqual(['no_worker']);
    await replica.worker({ pool: 'gpu', labels: { region: 'us' }, name: 'far' });
    const { body } = await replica.call('GET', `/api/v1/fleet/tasks/${run}/placement`, {
      as: 'read',
    });
    expect(body).toEqual({
      run_id: run,
      state: 'queued',
      reasons: [{ code: 'labels_missing', text: 'In pool gpu, region=eu is missing on 1 of 1.' }],
      workers_matching: 0,
      nearest: [
        {
          worker_id: expect.any(String),
          name: 'far',
          pool: 'gpu',
          active_runs: 0,
          max_concurrent: 1,
          lacks: ['label region is "us", not "eu"'],
        },
      ],
    });
    const worker = await replica.worker({ pool: 'gpu', labels: { region: 'eu' } });
    const second = await replica.submit({ pool: 'gpu', labels: { region: 'eu' } });
    expect(await why(replica, run)).toEqual(['behind']);
    const [lease] = await replica.claim(worker, { slots: 1 });
    expect(await why(replica, run)).toEqual(['running']);
    expect(await why(replica, second)).toEqual(['full']);
    await replica.call('POST', `/api/v1/runs/${run}/cancel`, { as: 'write', body: {} });
    const told = await replica.call('GET', `/api/v1/runs/${run}/placement`, { as: 'read' });
    expect(JSON.stringify(told.body['reasons'])).toContain('told to stop it');
    await replica.report(worker, { run_id: run, epoch: lease?.epoch });
    expect(await why(replica, run)).toEqual(['ended']);
    const later = await replica.submit({ pool: 'gpu', delay_seconds: 3_600 });
    expect((await why(replica, later))[0]).toBe('scheduled');
    const missing = `/api/v1/runs/${randomUUID()}/placement`;
    expect((await replica.call('GET', missing, { as: 'read' })).status).toBe(404);
  });

  test('counts the runs before it, and no more than it must (F4)', async ({ replica, owner }) => {
    await replica.worker();
    const first = await replica.submit();
    const urgent = await replica.submit({ priority: 5 });
    const last = await replica.submit({ priority: -5 });
    const textOf = async (run: string): Promise<unknown> => {
      const { body } = await replica.call('GET', `/api/v1/runs/${run}/placement`, { as: 'read' });
      return (body['reasons'] as { text: string }[])[0]?.text;
    };
    expect(await textOf(urgent)).toContain('It is next');
    expect(await textOf(first)).toContain('1 run of its line comes before it');
    await sql`
      insert into ready (sq, prio, seq, run_id, attempt)
      select sq, 1, 1000000 + n, gen_random_uuid(), 0
      from (select distinct sq from ready) q, generate_series(1, 2000) as n
    `.execute(owner);
    expect(await textOf(last)).toContain('at least 1000 runs');
  });
});

const tell = (replica: FleetFixture, worker: FixtureWorker, reachable: boolean): Promise<Answer> =>
  replica.call('POST', '/api/v1/fleet/heartbeat', {
    as: worker.token,
    body: { probes: [{ model: 'gpt-4o', reachable, latency_ms: null, error: null }] },
  });

describe('a run that is held back', () => {
  const hold = (replica: FleetFixture, path: string, body: object): Promise<Answer> =>
    replica.call('PATCH', `/api/v1/fleet/${path}`, { as: 'admin', body });

  test('says that its project or pool is paused, and is next when they go on', async ({
    replica,
    tenant,
  }) => {
    await replica.worker();
    const run = await replica.submit();
    const other = await replica.submit({ pool: 'other' });
    const set = async (how: string, body: object): Promise<void> => {
      const { status } = await replica.call('POST', `/api/v1/fleet/${how}`, { as: 'admin', body });
      expect(status).toBe(200);
    };
    expect(await why(replica, run)).toEqual(['behind']);
    await set('pause', { project: tenant.projectName });
    expect(await why(replica, run)).toEqual(['paused']);
    expect((await why(replica, other))[0]).toBe('paused');
    await set('resume', { project: tenant.projectName });
    await set('pause', { pool: 'default' });
    expect(await why(replica, run)).toEqual(['paused']);
    expect(await why(replica, other)).toEqual(['no_worker']);
    await set('resume', { pool: 'default' });
    expect(await why(replica, run)).toEqual(['behind']);
  });

  test('says that its project or key is capped until one ends (F7)', async ({
    replica,
    tenant,
  }) => {
    const worker = await replica.worker({ max_concurrent: 10 });
    await hold(replica, `projects/${tenant.projectName}`, { max_running: 1 });
    const [first, second] = [await replica.submit(), await replica.submit()];
    const [lease] = await replica.claim(worker);
    expect(lease?.run_id).toBe(first);
    expect(await why(replica, second)).toEqual(['capped']);
    await replica.report(worker, { run_id: first, epoch: lease?.epoch });
    expect(await why(replica, second)).toEqual(['behind']);
    await hold(replica, `projects/${tenant.projectName}`, { max_running: null });
    const concurrency = { key: 'k', limit: 1 };
    const [third, fourth] = [
      await replica.submit({ concurrency }),
      await replica.submit({ concurrency }),
    ];
    expect((await replica.claim(worker)).map(({ run_id: id }) => id)).toContain(third);
    expect(await why(replica, fourth)).toEqual(['capped']);
  });

  test('says that no more may start, and that a bound of what waits binds nothing', async ({
    replica,
  }) => {
    const worker = await replica.worker({ max_concurrent: 10 });
    await hold(replica, 'queues/default', {
      max_starts: { count: 1, per_seconds: 3_600 },
      max_queued: 2,
    });
    const [first, second] = [await replica.submit(), await replica.submit()];
    expect(await why(replica, second)).toEqual(['behind']);
    expect((await replica.claim(worker)).map(({ run_id: id }) => id)).toEqual([first]);
    expect(await why(replica, second)).toEqual(['rate_limited']);
    await hold(replica, 'queues/default', { max_starts: null });
    expect(await why(replica, second)).toEqual(['behind']);
  });

  test('says that workers cannot reach its model, and warns of it (P1)', async ({
    replica,
    owner,
  }) => {
    const sick = await replica.worker({ models: ['gpt-4o'] });
    const well = await replica.worker({ models: ['gpt-4o'] });
    await replica.claim(sick);
    await tell(replica, sick, false);
    const run = await replica.submit({ model: 'gpt-4o' });
    expect(await why(replica, run)).toEqual(['unreachable', 'behind']);
    const warned = async (): Promise<unknown> => {
      const body = { payload: {}, model: 'gpt-4o' };
      return (await replica.call('POST', '/api/v1/runs', { as: 'write', body })).body['warning'];
    };
    expect(await warned()).toBeUndefined();
    await tell(replica, well, false);
    expect(await why(replica, run)).toEqual(['unreachable']);
    expect(await warned()).toContain('cannot be reached on 2 of the 2 workers');
    await sql`update worker_probe set probed_at = now() - interval '1 hour'`.execute(owner);
    expect(await why(replica, run)).toEqual(['behind']);
  });
});

describe('a queue that nobody can serve', () => {
  test('is warned of at the submission, listed, told once, and forgotten when served', async ({
    replica,
    owner,
    tenant,
  }) => {
    const asked = { payload: {}, selectors: [{ label: 'memory', op: 'gte', value: 24 }] };
    const submit = async (url: string): Promise<Answer['body']> =>
      (await replica.call('POST', url, { as: 'write', body: asked })).body;
    for (const url of ['/api/v1/runs', '/api/v1/fleet/tasks']) {
      expect((await submit(url))['warning']).toContain('No approved worker is in pool default');
    }
    expect(await queues(replica)).toMatchObject([
      { pool: 'default', pending: 2, unmatchable: true, selectors: ['memory>=24'] },
    ]);
    const told = async (): Promise<number> => {
      await replica.run('fleet.unmatchable');
      const { rows } = await sql<{ n: number }>`
        select count(*)::int as n from audit_entry where action = 'queue.unmatchable'
      `.execute(owner);
      return rows[0]?.n ?? 0;
    };
    const hook = randomUUID();
    await sql`
      insert into alert_webhook (id, org_id, name, url, event_types, secret_sealed, created_by)
      values (${hook}, ${tenant.orgId}, 'ops', 'https://hooks.example.com/', '{queue.unmatchable}', '', 'test')
    `.execute(owner);
    expect(await told()).toBe(1);
    expect(await told()).toBe(1);
    const { rows: alerts } = await sql<{ data: object }>`
      select body::json -> 'data' as data from alert_delivery where event_type = 'queue.unmatchable'
    `.execute(owner);
    expect(alerts).toEqual([
      {
        data: {
          project_id: tenant.projectId,
          pool: 'default',
          model: '*',
          pending: 2,
          why: expect.stringContaining('No approved worker'),
        },
      },
    ]);
    const counted = async (): Promise<unknown> => {
      await replica.run('fleet.count');
      const { rows } = await sql<{ n: string }>`
        select sum(unmatchable)::text as n from pending_count
      `.execute(owner);
      return rows[0]?.n;
    };
    const near = await replica.worker({ labels: { memory: '16GB' } });
    expect(await counted()).toBe('2');
    await replica.claim(near);
    const worker = await replica.worker({ labels: { memory: '32' } });
    expect(await counted()).toBe('0');
    expect(await told()).toBe(1);
    expect(await queues(replica)).toMatchObject([{ unmatchable: false, reason: null }]);
    expect((await submit('/api/v1/runs'))['warning']).toBeUndefined();
    // It is told anew when it is so anew.
    await sql`update worker_session set last_seen_at = now() - interval '1 hour'`.execute(owner);
    expect(await told()).toBe(2);
    expect(await replica.claim(worker)).toHaveLength(3);
    expect(await queues(replica)).toEqual([]);
  });

  test('is counted by the same rules as it is matched by', async ({ owner }) => {
    const values = [null, '', 'a', '24', '24.0', '-1', '24GB', '1e9', ' 24'];
    const selectors: Selector[] = (
      ['in', 'not_in', 'exists', 'not_exists', 'gte', 'gt', 'lte', 'lt'] as const
    ).map((op) => ({
      label: 'x',
      op,
      values: op === 'in' || op === 'not_in' ? ['24', 'a'] : op.endsWith('exists') ? [] : ['24'],
    }));
    for (const value of values) {
      const labels: Record<string, string> = value === null ? {} : { x: value };
      for (const selector of selectors) {
        const { rows } = await sql<{ is: boolean }>`
          select fleet_satisfies(${JSON.stringify(labels)}::jsonb,
                                 ${JSON.stringify({ selectors: [selector] })}::jsonb) as is
        `.execute(owner);
        expect([value, selector.op, rows[0]?.is]).toEqual([
          value,
          selector.op,
          satisfies(labels, selector),
        ]);
      }
    }
  });
});
