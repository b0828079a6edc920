import { type Executor, sql } from '@sagewai/postgres';
import { describe, expect } from 'vitest';

import type { FixtureLease, FixtureWorker, FleetFixture } from '../fleet-fixture.ts';
import { fleetTest as test } from '../fleet-test.ts';

const read = async (replica: FleetFixture, id: string): Promise<Record<string, unknown>> =>
  (await replica.call('GET', `/api/v1/runs/${id}`, { as: 'read' })).body;

/** What is put off is due. */
const pass = (owner: Executor): Promise<unknown> =>
  sql`update scheduled set due_at = now() - interval '1 second'`.execute(owner);

async function claimOne(replica: FleetFixture, worker: FixtureWorker): Promise<FixtureLease> {
  const [lease] = await replica.claim(worker);
  if (lease === undefined) throw new Error('nothing was claimed');
  return lease;
}

const failure = (lease: FixtureLease, more: object = {}): Record<string, unknown> => ({
  run_id: lease.run_id,
  epoch: lease.epoch,
  status: 'failed',
  error: 'no',
  ...more,
});

describe('a delayed run', () => {
  test('stands aside until it is due, and keeps its priority', async ({ replica, owner }) => {
    const worker = await replica.worker();
    const late = await replica.submit({ delay_seconds: 3_600, priority: 7 });
    const soon = await replica.submit({ run_at: '2999-01-01T00:00:00Z' });
    expect(await replica.claim(worker)).toEqual([]);
    const at = String((await read(replica, late))['scheduled_for']);
    expect(await read(replica, late)).toMatchObject({ state: 'queued', priority: 7 });
    expect(Date.parse(at) - Date.now()).toBeGreaterThan(3_500_000);
    expect(await read(replica, soon)).toMatchObject({ scheduled_for: '2999-01-01T00:00:00.000Z' });
    const { body } = await replica.call('GET', '/api/v1/runs?state=queued', { as: 'read' });
    expect(body['runs']).toHaveLength(2);

    await pass(owner);
    await replica.run('fleet.release');
    const leases = await replica.claim(worker);
    expect(leases.map(({ run_id: id }) => id)).toEqual([late, soon]);
    expect(leases[0]?.attempt).toBe(1);
  });

  test('of an instant that has passed is queued at once', async ({ replica }) => {
    const worker = await replica.worker();
    const run = await replica.submit({ run_at: '2020-01-01T00:00:00Z' });
    await replica.submit();
    const leases = await replica.claim(worker);
    expect(leases.map(({ run_id: id }) => id)).toContain(run);
  });

  test('is cancelled at once', async ({ replica }) => {
    const run = await replica.submit({ delay_seconds: 60 });
    await replica.call('POST', `/api/v1/runs/${run}/cancel`, { as: 'write' });
    expect(await read(replica, run)).toMatchObject({ state: 'cancelled', scheduled_for: null });
  });

  test('is put off in one way', async ({ replica }) => {
    const body = { payload: {}, delay_seconds: 1, run_at: '2999-01-01T00:00:00Z' };
    const answer = await replica.call('POST', '/api/v1/runs', { as: 'write', body });
    expect(answer).toMatchObject({ status: 400, body: { code: 'request.invalid' } });
  });

  test('is another request than the same run without a delay', async ({ replica }) => {
    const submit = (more: object) =>
      replica.call('POST', '/api/v1/runs', {
        as: 'write',
        body: { payload: {}, idempotency_key: 'k', ...more },
      });
    expect((await submit({ delay_seconds: 5 })).status).toBe(201);
    expect((await submit({ delay_seconds: 5 })).body['created']).toBe(false);
    expect((await submit({})).status).toBe(409);
  });
});

describe('a retry policy', () => {
  test('tries a class again after its wait, and shows every attempt', async ({
    replica,
    owner,
  }) => {
    const worker = await replica.worker();
    const retry = { max_attempts: 3, base_ms: 60_000, jitter: 0, classes: { rate_limited: true } };
    const run = await replica.submit({ retry });
    const first = await claimOne(replica, worker);
    const limited = failure(first, { error_class: 'rate_limited', error: 'slow down' });
    expect((await replica.report(worker, limited)).body).toMatchObject({ requeued: true });

    const waiting = await read(replica, run);
    const wait = Date.parse(String(waiting['scheduled_for'])) - Date.now();
    expect(wait).toBeGreaterThan(55_000);
    expect(wait).toBeLessThanOrEqual(60_000);
    expect(waiting).toMatchObject({ state: 'queued', attempt: 1, max_attempts: 3 });

    await pass(owner);
    await replica.run('fleet.release');
    expect(await read(replica, run)).toMatchObject({ state: 'queued', attempt: 1 });
    const second = await claimOne(replica, worker);
    expect(second.attempt).toBe(2);
    await replica.report(worker, { run_id: run, epoch: second.epoch, output: { a: 1 } });
    expect((await read(replica, run))['attempts']).toMatchObject([
      {
        attempt: 1,
        epoch: first.epoch,
        worker_id: worker.id,
        error: 'slow down',
        error_class: 'rate_limited',
      },
      { attempt: 2, epoch: second.epoch, error: null, error_class: null },
    ]);
  });

  test.for([
    ['nobody asks', {}, undefined, false],
    ['its worker asks', { retry: true }, undefined, true],
    ['the policy forbids it, although its worker asks', { retry: true }, { error: false }, false],
    ['the policy wants it', {}, { error: true }, true],
    ['its class passes by itself', { error_class: 'unavailable' }, {}, true],
    ['its class does not', { error_class: 'invalid' }, {}, false],
    ['the policy names every other class', { error_class: 'odd' }, { '*': true }, true],
  ] as const)('when %s', async ([, said, classes, again], { replica }) => {
    const worker = await replica.worker();
    const run = await replica.submit(classes === undefined ? {} : { retry: { classes } });
    const lease = await claimOne(replica, worker);
    const { body } = await replica.report(worker, failure(lease, said));
    expect(body['requeued']).toBe(again);
    expect(await replica.state(run)).toBe(again ? 'queued' : 'failed');
  });

  test('waits longer each time, up to its limit, and less by its jitter', async ({ owner }) => {
    const policy = JSON.stringify({
      max_attempts: 9,
      base_ms: 100,
      factor: 3,
      max_ms: 1_000,
      jitter: 0,
      classes: { odd: { base_ms: 10, max_attempts: 2 }, shaky: { jitter: 1 } },
    });
    const delay = async (kind: string, attempt: number): Promise<unknown> =>
      (
        await sql<{ ms: number }>`
          select fleet_retry_delay(${policy}::jsonb, ${kind}, ${attempt}, 100, true, 7) as ms
        `.execute(owner)
      ).rows[0]?.ms;
    expect(await Promise.all([1, 2, 3, 4].map((n) => delay('error', n)))).toEqual([
      100, 300, 900, 1_000,
    ]);
    expect(await delay('error', 9)).toBe(Number.POSITIVE_INFINITY);
    expect(await Promise.all([1, 2].map((n) => delay('odd', n)))).toEqual([
      10,
      Number.POSITIVE_INFINITY,
    ]);
    const shaken = (await Promise.all([1, 1, 1].map((n) => delay('shaky', n)))) as number[];
    expect(Math.max(...shaken)).toBeLessThanOrEqual(100);
    expect(new Set(shaken).size).toBe(3);
  });

  test('lets a run whose worker was lost wait only if it says so', async ({ replica, owner }) => {
    const worker = await replica.worker();
    const patient = { classes: { worker_lost: { base_ms: 60_000 } } };
    const [waits, goes, ends] = [
      await replica.submit({ retry: patient }),
      await replica.submit({ retry: {} }),
      await replica.submit({ retry: { classes: { worker_lost: false } } }),
    ];
    await replica.claim(worker);
    await sql`update worker_session set state = 'revoked'`.execute(owner);
    await replica.run('fleet.supervise');
    expect((await read(replica, waits))['scheduled_for']).not.toBeNull();
    expect(await read(replica, goes)).toMatchObject({ state: 'queued', scheduled_for: null });
    expect(await read(replica, ends)).toMatchObject({
      state: 'failed',
      error_class: 'worker_lost',
      attempts: [{ attempt: 1, error_class: 'worker_lost' }],
    });
  });
});

describe('a timeout', () => {
  test('takes an attempt back, and its late report is refused (F1)', async ({ replica, owner }) => {
    const worker = await replica.worker();
    const run = await replica.submit({ timeout_seconds: 5, max_attempts: 2 });
    const other = await replica.submit();
    const leases = await replica.claim(worker);
    const lease = leases.find(({ run_id: id }) => id === run);
    await sql`update lease set claimed_at = now() - interval '4 seconds'`.execute(owner);
    await replica.run('fleet.supervise');
    expect(await replica.state(run)).toBe('running');
    await sql`update lease set claimed_at = now() - interval '6 seconds'`.execute(owner);
    await replica.run('fleet.supervise');
    expect(await read(replica, run)).toMatchObject({
      state: 'queued',
      timeout_seconds: 5,
      attempts: [{ attempt: 1, error_class: 'timeout' }],
    });
    expect(await replica.state(other)).toBe('running');
    const late = await replica.report(worker, { run_id: run, epoch: lease?.epoch });
    expect(late.status).toBe(409);

    await claimOne(replica, worker);
    await sql`update lease set claimed_at = now() - interval '6 seconds'`.execute(owner);
    await replica.run('fleet.supervise');
    expect(await read(replica, run)).toMatchObject({ state: 'failed', error_class: 'timeout' });
  });
});

describe('a worker that does not stop', () => {
  test('loses a cancelled run after the grace, and the run ends cancelled (F1)', async ({
    replica,
    owner,
  }) => {
    const worker = await replica.worker();
    const run = await replica.submit();
    const lease = await claimOne(replica, worker);
    await replica.call('POST', `/api/v1/runs/${run}/cancel`, { as: 'write' });
    await sql`insert into fleet_pulse (beat_at, up_since) values (now(), now() - interval '1 day')
              on conflict do nothing`.execute(owner);
    await replica.run('fleet.supervise');
    expect(await replica.state(run)).toBe('running');
    await sql`update lease set cancel_requested_at = now() - interval '1 hour'`.execute(owner);
    await replica.run('fleet.supervise');
    expect(await replica.state(run)).toBe('cancelled');
    // It is told what became of the run, and has changed nothing.
    const late = await replica.report(worker, { run_id: run, epoch: lease.epoch });
    expect(late.body).toMatchObject({ repeated: true });
    expect(await replica.state(run)).toBe('cancelled');
  });
});
