import { createSecretKey } from 'node:crypto';

import { sql } from '@sagewai/postgres';
import { holdTransaction, untilWaiting } from '@sagewai/testing';
import type { WorkerId } from '@sagewai/wire';
import { expect } from 'vitest';

import { type Answer, type FleetFixture, workerOf } from '../fleet-fixture.ts';
import { fleetTest as test } from '../fleet-test.ts';
import { noteFirstApproval } from './workers.sql.ts';

const HEARTBEAT = '/api/v1/fleet/heartbeat';

const decide = (
  replica: FleetFixture,
  id: string,
  decision: string,
  as = 'admin',
): Promise<Answer> =>
  replica.call('POST', `/api/v1/fleet/workers/${id}/${decision}`, { as, body: {} });

test.for([
  ['evict', 'evicted', 401, 'worker.evicted'],
  ['ban', 'banned', 403, 'worker.banned'],
  ['revoke', 'revoked', 401, 'worker.revoked'],
] as const)(
  'to %s a worker ends it: it is refused everywhere, and its runs go to others',
  async ([decision, state, status, code], { replica }) => {
    const [worker, other] = [await replica.worker(), await replica.worker()];
    const run = await replica.submit();
    const [lease] = await replica.claim(worker);
    expect((await decide(replica, worker.id, decision)).body).toEqual({
      status: state,
      worker_id: worker.id,
    });
    expect(await replica.report(worker, { run_id: run, epoch: lease?.epoch })).toMatchObject({
      status,
      body: { code },
    });
    const as = { 'x-worker-id': worker.id, 'x-worker-secret': worker.secret };
    for (const url of [HEARTBEAT, '/api/v1/fleet/sessions', '/api/v1/fleet/register']) {
      expect(await replica.call('POST', url, { as, body: {} })).toMatchObject({
        status,
        body: { code },
      });
    }
    expect(await replica.claim(other)).toMatchObject([{ run_id: run, attempt: 2 }]);
    expect((await decide(replica, worker.id, decision)).status).toBe(404);
    const { body: list } = await replica.call('GET', `/api/v1/fleet/workers?status=${state}`, {
      as: 'read',
    });
    expect(list).toMatchObject({ total: 1 });
  },
);

test('a ban is final, an eviction can become one, and only a locked worker is unlocked', async ({
  replica,
  owner,
}) => {
  const worker = await replica.worker();
  expect((await decide(replica, worker.id, 'unlock')).status).toBe(404);
  await sql`update worker set state = 'locked'`.execute(owner);
  await sql`update worker_session set state = 'locked'`.execute(owner);
  expect(await replica.call('POST', HEARTBEAT, { as: worker.token, body: {} })).toMatchObject({
    status: 403,
    body: { code: 'worker.locked' },
  });
  expect((await decide(replica, worker.id, 'unlock')).body).toMatchObject({ status: 'approved' });
  // The sessions of both holders have ended; the credential opens another.
  expect((await replica.call('POST', HEARTBEAT, { as: worker.token, body: {} })).status).toBe(409);
  const as = { 'x-worker-id': worker.id, 'x-worker-secret': worker.secret };
  expect((await replica.call('POST', '/api/v1/fleet/sessions', { as })).status).toBe(201);
  expect((await decide(replica, worker.id, 'evict')).status).toBe(200);
  expect((await decide(replica, worker.id, 'ban')).status).toBe(200);
  for (const decision of ['approve', 'unlock', 'evict', 'revoke']) {
    expect((await decide(replica, worker.id, decision)).status).toBe(404);
  }
});

test('where two must approve, the same person twice is refused with the reason', async ({
  replica,
  owner,
}) => {
  await replica.call('PUT', '/api/v1/fleet/settings', {
    as: 'admin',
    body: { dual_approval: true },
  });
  const { body } = await replica.call('POST', '/api/v1/fleet/register', { as: 'read', body: {} });
  const { id } = workerOf(body);
  expect(await decide(replica, id, 'approve')).toMatchObject({
    status: 200,
    body: { status: 'pending', approvals: { given: 1, needed: 2 } },
  });
  const worker = () => replica.call('GET', `/api/v1/fleet/workers/${id}`, { as: 'read' });
  expect((await worker()).body).toMatchObject({
    status: 'pending',
    requires_dual_approval: true,
    first_approved_by: 'token:of-admin',
  });
  expect(await decide(replica, id, 'approve')).toMatchObject({
    status: 409,
    body: { code: 'state.conflict', detail: expect.stringContaining('another person') },
  });
  await sql`update worker set first_approved_by = 'token:of-another'`.execute(owner);
  expect(await decide(replica, id, 'approve')).toMatchObject({
    status: 200,
    body: { status: 'approved', approvals: { given: 2, needed: 2 } },
  });
  expect((await worker()).body).toMatchObject({
    status: 'approved',
    approved_by: 'token:of-admin',
  });
  expect((await decide(replica, id, 'approve')).status).toBe(404);
  const eventsOf = async (type: string): Promise<unknown[]> => {
    const path = `/api/v1/fleet/audit?worker_id=${id}&event_type=${type}`;
    return (await replica.call('GET', path, { as: 'read' })).body['events'] as unknown[];
  };
  expect(await eventsOf('worker.approval_given')).toHaveLength(1);
  expect(await eventsOf('worker.approved')).toHaveLength(1);
});

test('of two people who approve at the same moment, the second decides', async ({
  replica,
  db,
  owner,
  tenant,
}) => {
  await replica.call('PUT', '/api/v1/fleet/settings', {
    as: 'admin',
    body: { dual_approval: true },
  });
  const { body } = await replica.call('POST', '/api/v1/fleet/register', { as: 'read', body: {} });
  const { id } = workerOf(body);
  await using held = await holdTransaction(db, [tenant.orgId], (tx) =>
    noteFirstApproval(tx, { id: id as WorkerId, by: 'token:of-another' }),
  );
  const second = decide(replica, id, 'approve');
  await untilWaiting(owner);
  await held.commit();
  expect(await second).toMatchObject({ status: 200, body: { status: 'approved' } });
});

test('what is decided on one replica ends the waiting poll on another, by its message alone', async ({
  replicaWith,
  url,
  owner,
}) => {
  const shared = {
    key: createSecretKey(Buffer.alloc(32, 7)),
    listenUrl: url,
    // Nothing but the message: what is remembered is trusted, and no job runs.
    settings: { workerTrustMs: 600_000 },
  };
  const [one, other] = [replicaWith(shared), replicaWith(shared)];
  await expect
    .poll(async () => {
      const { rows } = await sql<{ n: number }>`
        select count(*)::int as n from pg_stat_activity
        where datname = current_database() and query ilike 'listen%'
      `.execute(owner);
      return rows[0]?.n;
    })
    .toBe(2);
  for (const decision of ['revoke', 'evict', 'ban']) {
    const worker = await one.worker();
    // The other replica remembers it as approved.
    expect((await other.call('POST', HEARTBEAT, { as: worker.token, body: {} })).status).toBe(200);
    const poll = other.call('POST', '/api/v1/fleet/claim', {
      as: worker.token,
      body: { slots: 1, poll_timeout: 60 },
    });
    await decide(one, worker.id, decision);
    expect((await poll).body).toEqual({ leases: [] });
    const after = await other.call('POST', HEARTBEAT, { as: worker.token, body: {} });
    expect(after.body['code']).toMatch(/^worker\.(revoked|evicted|banned)$/);
  }
});

test('a message that was lost is made up for by the look at who waits', async ({ replicaWith }) => {
  const shared = {
    key: createSecretKey(Buffer.alloc(32, 7)),
    settings: { workerTrustMs: 600_000 },
  };
  const [one, deaf] = [replicaWith(shared), replicaWith(shared)];
  const worker = await one.worker();
  await deaf.call('POST', HEARTBEAT, { as: worker.token, body: {} });
  const poll = deaf.call('POST', '/api/v1/fleet/claim', {
    as: worker.token,
    body: { slots: 1, poll_timeout: 60 },
  });
  await decide(one, worker.id, 'revoke');
  await expect
    .poll(async () => {
      await deaf.run('fleet.check_waiting');
      return (await deaf.call('POST', HEARTBEAT, { as: worker.token, body: {} })).status;
    })
    .toBe(401);
  expect((await poll).body).toEqual({ leases: [] });
});
