import { createSecretKey, randomBytes } from 'node:crypto';

import { expect } from 'vitest';

import { fleetTest as test } from '../fleet-test.ts';

test('a worker that is asked to go hears it by poll and heartbeat, and is listed so', async ({
  replica,
}) => {
  const worker = await replica.worker();
  await replica.submit();
  const [lease] = await replica.claim(worker, { slots: 1 });
  const drain = (what: string, as = 'admin') =>
    replica.call('POST', `/api/v1/fleet/workers/${worker.id}/${what}`, { as });
  expect((await drain('drain', 'write')).status).toBe(403);
  expect(await drain('drain')).toEqual({
    status: 200,
    body: { worker_id: worker.id, draining: true, safe: false, active_runs: 1 },
  });
  await replica.submit();
  const polled = await replica.call('POST', '/api/v1/fleet/claim', {
    as: worker.token,
    body: { slots: 1, poll_timeout: 30 },
  });
  expect(polled.body).toEqual({ leases: [], draining: true });
  const beat = (): Promise<{ body: object }> =>
    replica.call('POST', '/api/v1/fleet/heartbeat', { as: worker.token, body: {} });
  expect((await beat()).body).toMatchObject({ ok: true, draining: true });
  const listed = await replica.call('GET', '/api/v1/fleet/workers', { as: 'read' });
  expect(listed.body).toMatchObject({ workers: [{ draining: true }] });
  // What it has is its own to finish.
  const done = { run_id: lease?.run_id, epoch: lease?.epoch, status: 'completed' };
  expect((await replica.report(worker, done)).status).toBe(200);
  expect((await drain('undrain')).body).toMatchObject({ draining: false, safe: true });
  expect((await beat()).body).not.toHaveProperty('draining');
  expect(await replica.claim(worker)).toHaveLength(1);
});

test('what a worker hands back is queued at once, and its attempt does not count', async ({
  replica,
}) => {
  const worker = await replica.worker();
  await replica.submit({ max_attempts: 1 });
  const [lease] = await replica.claim(worker);
  const released = { run_id: lease?.run_id, epoch: lease?.epoch, status: 'released' };
  const unnamed = { run_id: lease?.run_id, status: 'released' };
  expect((await replica.report(worker, unnamed)).status).toBe(400);
  expect((await replica.report(worker, released)).body).toMatchObject({ requeued: true });
  expect((await replica.report(worker, released)).status).toBe(409);
  expect(await replica.claim(worker)).toMatchObject([{ run_id: lease?.run_id, attempt: 1 }]);
});

test('the waiting poll of a session that was replaced ends at once, also on another replica', async ({
  replicaWith,
  url,
}) => {
  const key = createSecretKey(randomBytes(32));
  const settings = { pollTimeoutDefaultMs: 0, workerTrustMs: 60_000 };
  const here = replicaWith({ key, settings, listenUrl: url });
  const there = replicaWith({ key, settings, listenUrl: url });
  const worker = await here.worker();
  const startedMs = performance.now();
  // Without the news this runs into its limit. The first look of a poll is over when the next has begun.
  const polling = there.claim(worker, { poll_timeout: 60, slots: 1 });
  await there.claim(worker, { slots: 1 });
  await here.call('POST', '/api/v1/fleet/sessions', {
    as: { 'x-worker-id': worker.id, 'x-worker-secret': worker.secret },
  });
  expect(await polling).toEqual([]);
  expect(performance.now() - startedMs).toBeLessThan(20_000);
});
