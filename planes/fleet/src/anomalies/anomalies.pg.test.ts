import { newId } from '@sagewai/crypto';
import { inTenant, sql } from '@sagewai/postgres';
import { holdTransaction, makeTenant, untilWaiting } from '@sagewai/testing';
import type { AnomalyKind, WorkerId } from '@sagewai/wire';
import { describe, expect } from 'vitest';

import type { FleetFixture, FixtureWorker } from '../fleet-fixture.ts';
import { fleetTest as test } from '../fleet-test.ts';
import { addActivity, forgetActivity, raiseAnomaly, readSuspects } from './anomalies.sql.ts';

const PATH = '/api/v1/fleet/anomalies';

type Row = Readonly<Record<string, unknown>>;

async function pollInVain(
  replica: FleetFixture,
  worker: FixtureWorker,
  times: number,
): Promise<void> {
  await Promise.all(Array.from({ length: times }, () => replica.claim(worker, { slots: 1 })));
}

async function fail(
  replica: FleetFixture,
  worker: FixtureWorker,
  times: number,
  of: object = {},
): Promise<void> {
  for (let n = 0; n < times; n += 1) {
    await replica.submit();
    const [lease] = await replica.claim(worker, { slots: 1 });
    const { run_id, epoch } = lease ?? {};
    await replica.report(worker, { run_id, epoch, status: 'failed', error: 'x', ...of });
  }
}

async function judge(...replicas: readonly FleetFixture[]): Promise<void> {
  for (const replica of replicas) await replica.run('fleet.activity');
  await replicas[0]?.run('fleet.judge');
}

async function anomalies(replica: FleetFixture, query = ''): Promise<Row[]> {
  return (await replica.call('GET', `${PATH}${query}`, { as: 'read' })).body['anomalies'] as Row[];
}

const stateOf = async (replica: FleetFixture, { id }: FixtureWorker): Promise<unknown> =>
  (await replica.call('GET', `/api/v1/fleet/workers/${id}`, { as: 'read' })).body['status'];

describe('a claim (A1)', () => {
  test('a busy worker with 16 slots and runs of 2 seconds trips nothing, by the defaults', async ({
    replica,
  }) => {
    const worker = await replica.worker({ max_concurrent: 16 });
    // Twenty seconds of it, as fast as it goes: 160 runs, each with a poll of its own.
    for (let second = 0; second < 20; second += 1) {
      await Promise.all(Array.from({ length: 8 }, () => replica.submit()));
      for (let free = 0; free < 8; free += 1) {
        const [lease] = await replica.claim(worker, { slots: 1 });
        await replica.report(worker, { run_id: lease?.run_id, epoch: lease?.epoch });
      }
    }
    await judge(replica);
    expect(await anomalies(replica)).toEqual([]);
  }, 120_000);

  test('is a poll in vain: 60 a minute are allowed, 61 are not', async ({ replica }) => {
    const [calm, hasty] = [await replica.worker(), await replica.worker()];
    await pollInVain(replica, calm, 60);
    await pollInVain(replica, hasty, 61);
    await judge(replica);
    expect(await anomalies(replica)).toMatchObject([
      { worker_id: hasty.id, kind: 'rate_limit', observed: 61, allowed: 60, revoked: false },
    ]);
  });

  test('counts over all replicas (A2)', async ({ replica, replicaWith }) => {
    const worker = await replica.worker();
    const other = replicaWith({});
    const secret = { 'x-worker-id': worker.id, 'x-worker-secret': worker.secret };
    await pollInVain(replica, worker, 31);
    for (let n = 0; n < 30; n += 1) {
      await other.call('POST', '/api/v1/fleet/claim', { as: secret, body: { poll_timeout: 0 } });
    }
    await judge(replica, other);
    expect(await anomalies(replica)).toMatchObject([{ observed: 61 }]);
  });

  test('a poll that is repeated under its id is one', async ({ replica }) => {
    const worker = await replica.worker();
    const poll_id = '0199aaaa-0000-7000-8000-000000000001';
    for (let n = 0; n < 100; n += 1) await replica.claim(worker, { poll_id });
    await judge(replica);
    expect(await anomalies(replica)).toEqual([]);
  });

  test('runs that a worker hoards count as well', async ({ replica }) => {
    const worker = await replica.worker({ max_concurrent: 1 });
    await Promise.all(Array.from({ length: 62 }, () => replica.submit()));
    expect(await replica.claim(worker, { slots: 100 })).toHaveLength(62);
    await judge(replica);
    expect(await anomalies(replica)).toMatchObject([{ kind: 'rate_limit', observed: 61 }]);
  });
});

describe('an anomaly', () => {
  test('is told once: in the list, the log, the metric and the outbox (A4)', async ({
    replica,
    db,
    tenant,
  }) => {
    const worker = await replica.worker();
    await inTenant(db, [tenant.orgId], (tx) =>
      sql`insert into alert_webhook (id, org_id, name, url, event_types, secret_sealed, created_by)
          values (gen_random_uuid(), ${tenant.orgId}, 'w', 'http://x/', '{}', 's', 't')`.execute(
        tx,
      ),
    );
    await fail(replica, worker, 11);
    await judge(replica);
    await judge(replica);
    expect(await anomalies(replica, '?open=true&kind=excessive_failures')).toHaveLength(1);
    expect(await replica.metrics.render()).toContain(
      'sagewai_worker_anomalies_total{kind="excessive_failures"} 1',
    );
    const { rows } = await inTenant(db, [tenant.orgId], (tx) =>
      sql<{ kind: string; body: string }>`
        select 'entry' as kind, details as body from audit_entry where action = 'worker.anomaly'
        union all select event_type, body from alert_delivery order by 1
      `.execute(tx),
    );
    expect(rows.map(({ kind }) => kind)).toEqual(['entry', 'worker.anomaly']);
    expect(JSON.parse(rows[1]?.body ?? '')).toMatchObject({
      type: 'worker.anomaly',
      data: { worker_id: worker.id, kind: 'excessive_failures', observed: 11, allowed: 10 },
    });
  });

  test.for([
    ['the same is told once', 'rate_limit', { raised: false, kinds: 1 }],
    ['two kinds are both counted', 'model_mismatch', { raised: true, kinds: 2 }],
  ] as const)(
    'of two judges at once: %s (A4)',
    async ([, second, told], { replica, db, owner, tenant }) => {
      const { id } = await replica.worker();
      const found = (kind: AnomalyKind) => ({
        id: newId(),
        workerId: id as WorkerId,
        kind,
        observed: 90,
        allowed: 60,
        windowMs: 60_000,
      });
      await using held = await holdTransaction(db, [tenant.orgId], (tx) =>
        raiseAnomaly(tx, found('rate_limit')),
      );
      const other = inTenant(db, [tenant.orgId], (tx) => raiseAnomaly(tx, found(second)));
      await untilWaiting(owner);
      await held.commit();
      expect(held.output).toEqual({ raised: true, kinds: 1 });
      expect(await other).toEqual(told);
    },
  );

  test('is no failure of a worker that was told to stop', async ({ replica }) => {
    const worker = await replica.worker();
    await fail(replica, worker, 12, { retry: true, error_class: 'drained' });
    await judge(replica);
    expect(await anomalies(replica)).toEqual([]);
  });

  test('is a model that is not recorded, in polls and in reports, or that the back end lacks', async ({
    replica,
  }) => {
    const worker = await replica.worker({ models: ['openai/GPT-4o'] });
    for (let n = 0; n < 5; n += 1) await replica.claim(worker, { models: ['gpt-4o'] });
    await replica.claim(worker, { models: ['gpt-4o', 'claude', 'llama3'] });
    await fail(replica, worker, 1, { model: 'other' });
    await judge(replica);
    expect(await anomalies(replica)).toEqual([]);
    await fail(replica, worker, 1, { error_class: 'model_missing' });
    await judge(replica);
    expect(await anomalies(replica)).toMatchObject([{ kind: 'model_mismatch', observed: 4 }]);
  });

  test('of two kinds revokes the worker, and its runs go to others', async ({ replica }) => {
    const worker = await replica.worker();
    await fail(replica, worker, 11);
    await judge(replica);
    expect(await stateOf(replica, worker)).toBe('approved');
    const run = await replica.submit();
    await replica.claim(worker);
    await replica.claim(worker, { models: ['a', 'b', 'c', 'd'] });
    await judge(replica);
    expect(await stateOf(replica, worker)).toBe('revoked');
    expect(await replica.state(run)).toBe('queued');
    const refused = await replica.call('POST', '/api/v1/fleet/claim', {
      as: worker.token,
      body: {},
    });
    expect(refused.status).toBe(401);
    expect(await anomalies(replica)).toMatchObject([
      { kind: 'model_mismatch', revoked: true },
      { kind: 'excessive_failures', revoked: false },
    ]);
  });

  test('revokes nobody where the pool says so; its own thresholds count', async ({ replica }) => {
    const worker = await replica.worker({ pool: 'wild' });
    const set = (body: object) => replica.call('PUT', `${PATH}/settings`, { as: 'admin', body });
    await set({ failures_per_hour: 1 });
    const { body } = await set({ pool: 'wild', kinds_to_revoke: 0, mismatches_per_hour: 1 });
    expect(body).toMatchObject({ pool: 'wild', kinds_to_revoke: 0, failures_per_hour: null });
    await replica.submit({ pool: 'wild' });
    for (let n = 0; n < 2; n += 1) {
      await replica.submit({ pool: 'wild' });
      const [lease] = await replica.claim(worker, { slots: 1, models: ['a'] });
      await replica.report(worker, {
        run_id: lease?.run_id,
        epoch: lease?.epoch,
        status: 'failed',
      });
    }
    await judge(replica);
    expect(await anomalies(replica)).toHaveLength(2);
    expect(await stateOf(replica, worker)).toBe('approved');
  });

  test('that was reset counts anew', async ({ replica }) => {
    const worker = await replica.worker();
    const reset = () =>
      replica.call('POST', `/api/v1/fleet/workers/${worker.id}/reset`, { as: 'admin' });
    await fail(replica, worker, 11);
    await judge(replica);
    expect((await reset()).body).toEqual({ worker_id: worker.id, cleared: 1 });
    await judge(replica);
    await fail(replica, worker, 10);
    await judge(replica);
    expect(await anomalies(replica, '?open=true')).toEqual([]);
    expect(await anomalies(replica)).toMatchObject([{ cleared_by: 'token:of-admin' }]);
    await fail(replica, worker, 1);
    await judge(replica);
    expect(await anomalies(replica, '?open=true')).toHaveLength(1);
  });

  test('is its organization’s alone', async ({ replica, replicaWith, db }) => {
    const worker = await replica.worker();
    await pollInVain(replica, worker, 61);
    await judge(replica);
    const stranger = replicaWith({ tenant: await makeTenant(db) });
    expect(await anomalies(stranger)).toEqual([]);
    const path = `/api/v1/fleet/workers/${worker.id}/reset`;
    expect((await stranger.call('POST', path, { as: 'admin' })).status).toBe(404);
    expect((await replica.call('POST', path, { as: 'write' })).status).toBe(403);
  });
});

describe('silence (A5)', () => {
  test('is told once for each, and only as far as the server was there', async ({
    replica,
    owner,
  }) => {
    const worker = await replica.worker();
    const silent = (since: string): Promise<unknown> =>
      sql`update worker_session set last_seen_at = app_now() - ${since}::interval`.execute(owner);
    await replica.run('fleet.supervise');
    await silent('6 minutes');
    await judge(replica);
    expect(await anomalies(replica)).toEqual([]);
    await sql`update fleet_pulse set up_since = app_now() - interval '1 day'`.execute(owner);
    await judge(replica);
    await judge(replica);
    expect(await anomalies(replica)).toMatchObject([{ kind: 'heartbeat_timeout', allowed: 300 }]);
    // Long after: the worker is gone, and nobody hears of it again.
    await sql`update worker_anomaly set raised_at = raised_at - interval '2 hours'`.execute(owner);
    await judge(replica);
    expect(await anomalies(replica)).toHaveLength(1);
    await replica.call('POST', '/api/v1/fleet/heartbeat', { as: worker.token, body: {} });
    await judge(replica);
    await sql`
      update worker_session set last_seen_at = app_now() - interval '6 minutes',
                                silence_told_at = app_now() - interval '1 hour'
    `.execute(owner);
    await judge(replica);
    expect(await anomalies(replica)).toHaveLength(2);
  });

  test('of a worker that was asked to go is none', async ({ replica, owner }) => {
    const worker = await replica.worker();
    await replica.run('fleet.supervise');
    const path = `/api/v1/fleet/workers/${worker.id}/safe-to-remove?drain=true`;
    await replica.call('GET', path, { as: 'admin' });
    await sql`update fleet_pulse set up_since = app_now() - interval '1 day'`.execute(owner);
    await sql`update worker_session set last_seen_at = app_now() - interval '1 hour'`.execute(
      owner,
    );
    await judge(replica);
    expect(await anomalies(replica)).toEqual([]);
  });
});

test('what is older than an hour is forgotten, and counts before that no more', async ({
  replica,
  dispatch,
  owner,
}) => {
  await replica.worker();
  const { rows } = await sql<{ num: number }>`select worker_num as num from worker_session`.execute(
    owner,
  );
  const workerNum = rows[0]?.num ?? 0;
  await addActivity(dispatch, [{ workerNum, kind: 'excessive_failures', count: 5 }]);
  await addActivity(dispatch, [{ workerNum, kind: 'excessive_failures', count: 6 }]);
  expect(await readSuspects(dispatch, 60_000)).toMatchObject([{ observed: 11 }]);
  await sql`update worker_activity set slot_at = slot_at - interval '61 minutes'`.execute(owner);
  expect(await readSuspects(dispatch, 60_000)).toEqual([]);
  await forgetActivity(dispatch, 3_600_000);
  const left = await sql`select from worker_activity`.execute(owner);
  expect(left.rowCount).toBe(0);
});
