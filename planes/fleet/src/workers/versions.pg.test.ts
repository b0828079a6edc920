import { createSecretKey, randomBytes } from 'node:crypto';

import { inTenant } from '@sagewai/postgres';
import { makeTenant } from '@sagewai/testing';
import type { WorkerId } from '@sagewai/wire';
import { expect, vi } from 'vitest';

import type { FleetFixture } from '../fleet-fixture.ts';
import { type FleetFixtures, fleetTest as test } from '../fleet-test.ts';
import { listVersions, noteVersion, readPins, setRamp } from './versions.sql.ts';

const ramp = (replica: FleetFixture, body: unknown): Promise<{ readonly status: number }> =>
  replica.call('PUT', '/api/v1/fleet/pools/default/ramp', { as: 'admin', body: { ramp: body } });

function pair(replicaWith: FleetFixtures['replicaWith']): [FleetFixture, FleetFixture] {
  const key = createSecretKey(randomBytes(32));
  return [replicaWith({ key }), replicaWith({ key })];
}

test('a worker has the version of its last session, and a worker that says none has none', async ({
  replica,
}) => {
  const worker = await replica.worker({ version: '1.0' });
  const seen = async (): Promise<unknown> =>
    (await replica.call('GET', `/api/v1/fleet/workers/${worker.id}`, { as: 'read' })).body[
      'version'
    ];
  expect(await seen()).toBe('1.0');
  const secret = { 'x-worker-id': worker.id, 'x-worker-secret': worker.secret };
  await replica.call('POST', '/api/v1/fleet/sessions?version=2.0', { as: secret });
  expect(await seen()).toBe('2.0');
  await replica.call('POST', '/api/v1/fleet/sessions', { as: secret });
  expect(await seen()).toBeNull();
});

test('a run that pins a version goes to no other, and says why it waits (F3)', async ({
  replica,
}) => {
  const old = await replica.worker({ version: '1.4.0' });
  const silent = await replica.worker();
  const run = await replica.submit({ worker_version: '>=2 <3' });
  expect(await replica.claim(old)).toEqual([]);
  expect(await replica.claim(silent)).toEqual([]);
  const why = await replica.call('GET', `/api/v1/runs/${run}/placement`, { as: 'read' });
  expect(JSON.stringify(why.body)).toContain('pins >=2 <3');
  await replica.run('fleet.count');
  await replica.run('fleet.gauge');
  expect(await replica.metrics.render()).toMatch(
    /sagewai_pending_runs_unmatchable\{pool="default",model="\*"\} 1/,
  );

  const fit = await replica.worker({ version: '2.7.1' });
  await replica.run('fleet.count');
  await replica.run('fleet.gauge');
  expect(await replica.metrics.render()).toMatch(
    /sagewai_pending_runs_unmatchable\{pool="default",model="\*"\} 0/,
  );
  expect((await replica.claim(fit)).map(({ run_id: id }) => id)).toEqual([run]);
});

test('a pin that is no range is refused', async ({ replica }) => {
  const { status } = await replica.call('POST', '/api/v1/runs', {
    as: 'write',
    body: { payload: {}, worker_version: '>=two' },
  });
  expect(status).toBe(400);
});

test('replicas share out the runs of a ramped pool alike, whoever took them', async ({
  replicaWith,
}) => {
  const [replica, other] = pair(replicaWith);
  const [one, two] = [
    await replica.worker({ version: '1.0' }),
    await replica.worker({ version: '2.0' }),
  ];
  expect((await ramp(replica, { version: '2.0', percent: 30 })).status).toBe(200);
  for (let n = 0; n < 30; n++) await Promise.all([replica.submit(), other.submit()]);
  const given = { one: 0, two: 0 };
  for (const at of [replica, other, replica, other]) {
    await at.run('fleet.sweep');
    given.two += (await at.claim(two, { slots: 100 })).length;
    given.one += (await at.claim(one, { slots: 100 })).length;
  }
  expect(given.one + given.two).toBe(60);
  // 18 on average; eleven in a hundred thousand runs of this test lie outside.
  expect(given.two).toBeGreaterThan(4);
  expect(given.two).toBeLessThan(33);
});

test('a repeated request is the same run, whatever the ramp was (F2)', async ({ replica }) => {
  const submit = async (): Promise<unknown> => {
    const { status, body } = await replica.call('POST', '/api/v1/runs', {
      as: 'write',
      body: { payload: {}, idempotency_key: 'once' },
    });
    return [status, body['id']];
  };
  const first = await submit();
  await ramp(replica, { version: '2.0', percent: 100 });
  expect(await submit()).toEqual(first);
  await ramp(replica, { version: '2.0', percent: 50 });
  for (let n = 0; n < 10; n++) expect(await submit()).toEqual(first);
});

test('a ramp that is taken back strands no run, and reaches polls that wait', async ({
  replicaWith,
}) => {
  const [replica, other] = pair(replicaWith);
  const old = await replica.worker({ version: '1.0' });
  await ramp(replica, { version: '2.0', percent: 100 });
  const waiting = other.call('POST', '/api/v1/fleet/claim', {
    as: old.token,
    body: { slots: 1, poll_timeout: 20 },
  });
  await vi.waitFor(() => expect(other.fleet.countWaiting()).toBe(1));
  await replica.submit();
  expect(other.fleet.countWaiting()).toBe(1);
  await ramp(replica, { version: '2.0', percent: 0 });
  await other.run('fleet.check_waiting');
  expect((await waiting).body['leases']).toEqual([]);
  expect(await replica.claim(old)).toHaveLength(1);
});

test('versions are listed by pool, with what is ramped before anybody has it', async ({
  db,
  replica,
  tenant,
}) => {
  const { orgId } = tenant;
  const worker = await replica.worker({ version: '1.0', max_concurrent: 4 });
  await inTenant(db, [orgId], (tx) =>
    setRamp(tx, { orgId, pool: 'default' }, { version: '2.0', percent: 5 }),
  );
  const of = { version: '2.0', percent: 5 };
  const row = { pool: 'default', ramp: of, active: 0 };
  expect(await inTenant(db, [orgId], (tx) => listVersions(tx, { orgId, heardMs: 60_000 }))).toEqual(
    [
      { ...row, version: '1.0', workers: 1, slots: 4 },
      { ...row, version: '2.0', workers: 0, slots: 0 },
    ],
  );
  const stranger = await makeTenant(db);
  const { body } = await replica.call('GET', '/api/v1/fleet/versions', { as: 'read' });
  expect(body['versions']).toHaveLength(2);
  expect(
    await inTenant(db, [stranger.orgId], (tx) =>
      listVersions(tx, { orgId: stranger.orgId, heardMs: 60_000 }),
    ),
  ).toEqual([]);

  await inTenant(db, [orgId], (tx) => noteVersion(tx, worker.id as WorkerId, null));
  await inTenant(db, [orgId], (tx) => setRamp(tx, { orgId, pool: 'default' }, null));
  const after = await inTenant(db, [orgId], (tx) => listVersions(tx, { orgId, heardMs: 60_000 }));
  expect(after).toEqual([
    { pool: 'default', ramp: null, active: 0, version: null, workers: 1, slots: 4 },
  ]);
});

test('only what pins and what workers of its pool have is looked at', async ({
  dispatch,
  replica,
}) => {
  await replica.worker({ version: '1.0' });
  await replica.worker({ version: '3.0', pool: 'gpu' });
  await replica.submit({ worker_version: '1.x' });
  await replica.submit();
  expect(await readPins(dispatch)).toEqual([
    { classId: expect.any(Number) as number, pin: '1.x', version: '1.0' },
  ]);
});
