import { inTenant, sql } from '@sagewai/postgres';
import { makeTenant } from '@sagewai/testing';
import { describe, expect } from 'vitest';

import type { FleetFixture, FixtureWorker } from '../fleet-fixture.ts';
import { fleetTest as test } from '../fleet-test.ts';
import { FLEET_DEFAULTS } from '../settings.ts';

const MODELS = ['ollama/llama3:8b', 'gpt-4o'];

const found = (model: string, reachable: boolean | null): object => ({
  model,
  reachable,
  latency_ms: reachable === null ? null : 12,
  error: reachable === false ? 'ECONNREFUSED' : null,
});

async function tell(replica: FleetFixture, worker: FixtureWorker, probes: object[]): Promise<void> {
  const { status } = await replica.call('POST', '/api/v1/fleet/heartbeat', {
    as: worker.token,
    body: { probes },
  });
  expect(status).toBe(200);
}

const shown = async (replica: FleetFixture, { id }: FixtureWorker) =>
  (await replica.call('GET', `/api/v1/fleet/workers/${id}`, { as: 'read' })).body;

describe('a worker that cannot reach a model', () => {
  test('is not offered it, is offered the others, and recovers by itself (P1, P3)', async ({
    replica,
  }) => {
    const worker = await replica.worker({ models: MODELS });
    expect(await shown(replica, worker)).toMatchObject({
      probe_status: 'unknown',
      last_probe_at: null,
      probes: [],
    });
    await tell(replica, worker, [found('ollama/llama3:8b', false), found('gpt-4o', true)]);
    expect(await shown(replica, worker)).toMatchObject({
      probe_status: 'degraded',
      last_probe_at: expect.any(String),
      models: MODELS,
      probes: [{ model: 'ollama/llama3:8b', reachable: false, error: 'ECONNREFUSED' }, {}],
    });
    const sick = await replica.submit({ model: 'llama3:8b' });
    const well = await replica.submit({ model: 'gpt-4o' });
    const claimed = async (): Promise<string[]> =>
      (await replica.claim(worker)).map(({ run_id: id }) => id);
    expect(await claimed()).toEqual([well]);
    expect(await claimed()).toEqual([]);
    await tell(replica, worker, [found('ollama/llama3:8b', true), found('gpt-4o', true)]);
    expect(await shown(replica, worker)).toMatchObject({ probe_status: 'healthy' });
    expect(await claimed()).toEqual([sick]);
  });

  test('a poll that waits since before is not given it either, on any replica', async ({
    replica,
    replicaWith,
    tenant,
    url,
  }) => {
    const worker = await replica.worker({ models: MODELS });
    const other = replicaWith({ listenUrl: url });
    const secret = { 'x-worker-id': worker.id, 'x-worker-secret': worker.secret };
    const wait = (at: FleetFixture) =>
      at.call('POST', '/api/v1/fleet/claim', { as: secret, body: { slots: 1, poll_timeout: 60 } });
    const polls = [wait(replica), wait(other)];
    const probes = (reachable: boolean): object[] => [found('ollama/llama3:8b', reachable)];
    let left = polls.length;
    for (const poll of polls) void poll.finally(() => (left -= 1));
    // Told again and again until both polls stand where the news reaches them.
    for (let told = false; left > 0; told = !told) await tell(replica, worker, probes(told));
    await tell(replica, worker, probes(false));
    const run = await replica.submit({ model: 'llama3:8b' });
    for (const poll of polls) expect((await poll).body).toEqual({ leases: [] });
    expect(await replica.claim(worker)).toEqual([]);
    expect(await replica.state(run)).toBe('queued');
    expect(tenant.orgId).not.toBe('');
  }, 60_000);

  test('counts as able when nobody could be asked, or when the probe is old (P2)', async ({
    replica,
    db,
    tenant,
  }) => {
    const worker = await replica.worker({ models: MODELS });
    await tell(replica, worker, [found('gpt-4o', null)]);
    expect(await shown(replica, worker)).toMatchObject({ probe_status: 'unknown' });
    await replica.submit({ model: 'gpt-4o' });
    expect(await replica.claim(worker)).toHaveLength(1);
    await tell(replica, worker, [found('gpt-4o', false)]);
    await replica.submit({ model: 'gpt-4o' });
    expect(await replica.claim(worker)).toEqual([]);
    await inTenant(db, [tenant.orgId], (tx) =>
      sql`update worker_probe set probed_at = probed_at - ${FLEET_DEFAULTS.probeStaleMs + 1_000} * interval '1 millisecond'`.execute(
        tx,
      ),
    );
    expect(await shown(replica, worker)).toMatchObject({ probe_status: 'unknown' });
    expect(await replica.claim(worker)).toHaveLength(1);
  });

  test('makes the queue unmatchable, and names no model that is not recorded', async ({
    replica,
  }) => {
    const worker = await replica.worker({ models: MODELS });
    await replica.submit({ model: 'gpt-4o' });
    await tell(replica, worker, [found('gpt-4o', false)]);
    await replica.run('fleet.count');
    const { body } = await replica.call('GET', '/api/v1/fleet/metrics-api', { as: 'read' });
    expect(body).toMatchObject({ pending_runs: 1, unmatchable: 1 });
    for (const model of ['a', 'b', 'c', 'd']) await tell(replica, worker, [found(model, true)]);
    await replica.run('fleet.activity');
    await replica.run('fleet.judge');
    const anomalies = await replica.call('GET', '/api/v1/fleet/anomalies', { as: 'read' });
    expect(anomalies.body).toMatchObject({ anomalies: [{ kind: 'model_mismatch', observed: 4 }] });
  });
});

test.for([
  ['counts for its time though workers may be silent for less', 60_000, 300_000, 0],
  ['counts no longer than its time though workers may be silent for more', 300_000, 60_000, 1],
] as const)(
  'a probe %s, for the count as for the offer (P2)',
  async ([, workerSilenceMs, probeStaleMs, offered], { replicaWith, db, tenant }) => {
    const replica = replicaWith({ settings: { workerSilenceMs, probeStaleMs } });
    const worker = await replica.worker({ models: MODELS });
    await tell(replica, worker, [found('gpt-4o', false)]);
    await inTenant(db, [tenant.orgId], (tx) =>
      sql`update worker_probe set probed_at = probed_at - interval '2 minutes'`.execute(tx),
    );
    const run = await replica.submit({ model: 'gpt-4o' });
    await replica.run('fleet.count');
    const { body } = await replica.call('GET', '/api/v1/fleet/metrics-api', { as: 'read' });
    expect(body).toMatchObject({ pending_runs: 1, unmatchable: 1 - offered });
    const why = await replica.call('GET', `/api/v1/runs/${run}/placement`, { as: 'read' });
    const reasons = why.body['reasons'] as { code: string }[];
    expect(reasons.some(({ code }) => code === 'unreachable')).toBe(offered === 0);
    expect(await replica.claim(worker)).toHaveLength(offered);
  },
);

test('what was found is its organization’s alone, and is written only when it is news', async ({
  replica,
  owner,
  db,
}) => {
  const worker = await replica.worker({ models: MODELS });
  const writtenAt = async (): Promise<unknown> =>
    (await sql<{ at: Date }>`select xmin::text as at from worker_probe`.execute(owner)).rows[0]?.at;
  await tell(replica, worker, [found('gpt-4o', true)]);
  const first = await writtenAt();
  await tell(replica, worker, [found('gpt-4o', true)]);
  expect(await writtenAt()).toBe(first);
  await tell(replica, worker, [found('gpt-4o', false)]);
  expect(await writtenAt()).not.toBe(first);
  const stranger = await makeTenant(db);
  const { rowCount } = await inTenant(db, [stranger.orgId], (tx) =>
    sql`select from worker_probe`.execute(tx),
  );
  expect(rowCount).toBe(0);
});
