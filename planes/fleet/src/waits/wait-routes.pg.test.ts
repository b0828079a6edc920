import { sql } from '@sagewai/postgres';
import { expect } from 'vitest';

import type { FixtureLease, FixtureWorker, FleetFixture } from '../fleet-fixture.ts';
import { fleetTest as test } from '../fleet-test.ts';

async function running(
  replica: FleetFixture,
): Promise<{ worker: FixtureWorker; lease: FixtureLease }> {
  const worker = await replica.worker();
  await replica.submit();
  const [lease] = await replica.claim(worker);
  return { worker, lease: lease as FixtureLease };
}

const waitFor = (
  replica: FleetFixture,
  { worker, lease }: { worker: FixtureWorker; lease: FixtureLease },
  body: object = {},
) =>
  replica.call('POST', `/api/v1/fleet/runs/${lease.run_id}/wait`, {
    as: worker.token,
    body: { epoch: lease.epoch, for: 'approval', name: 'go', prompt: 'May it?', ...body },
  });

const post = (replica: FleetFixture, id: string, what: string, body: object = {}) =>
  replica.call('POST', `/api/v1/runs/${id}/${what}`, { as: 'write', body });

test('a run asks, is approved, and its next claim says by whom', async ({ replica, owner }) => {
  const run = await running(replica);
  const id = run.lease.run_id;
  expect(await waitFor(replica, run)).toEqual({
    status: 200,
    body: { state: 'waiting', repeated: false },
  });
  expect((await waitFor(replica, run)).body).toEqual({ state: 'waiting', repeated: true });
  const { body } = await replica.call('GET', `/api/v1/runs/${id}`, { as: 'read' });
  expect(body).toMatchObject({
    state: 'waiting',
    waiting: { for: 'approval', name: 'go', prompt: 'May it?', wait: run.lease.epoch },
  });
  expect(
    (await replica.call('POST', `/api/v1/runs/${id}/approve`, { as: 'read', body: {} })).status,
  ).toBe(403);
  expect((await post(replica, id, 'approve', { wait: run.lease.epoch + 1 })).status).toBe(409);
  const polled = replica.claim(run.worker, { poll_timeout: 30 });
  const approved = await post(replica, id, 'approve', { wait: run.lease.epoch, value: { n: 1 } });
  expect(approved).toMatchObject({ status: 200, body: { state: 'queued', resumed: true } });
  // The poll that waits is woken: nobody waits for a sweep.
  expect(await polled).toMatchObject([
    {
      run_id: id,
      attempt: 1,
      resume: { kind: 'approved', name: 'go', value: { n: 1 }, by: 'token:of-write' },
    },
  ]);
  const again = await post(replica, id, 'approve');
  expect(again).toMatchObject({ status: 409, body: { code: 'state.conflict' } });
  const { rows } = await sql<{ action: string; actor: string; outcome: string }>`
    select action, actor, outcome from audit_entry
    where subject = ${`run:${id}`} order by seq
  `.execute(owner);
  expect(
    rows.filter(({ action }) => action === 'runs.approveRun').map((row) => row.outcome),
  ).toEqual(['state.conflict', 'ok', 'state.conflict']);
});

test('a run that is denied is told so, and one whose time is up too', async ({ replica }) => {
  const denied = await running(replica);
  await waitFor(replica, denied);
  await post(replica, denied.lease.run_id, 'deny', { value: 'too dear' });
  expect(await replica.claim(denied.worker)).toMatchObject([
    { resume: { kind: 'denied', value: 'too dear' } },
  ]);
  const late = await running(replica);
  await waitFor(replica, late, { timeout_seconds: 0 });
  await replica.run('fleet.end-waits');
  expect(await replica.claim(late.worker)).toMatchObject([
    { resume: { kind: 'timeout', by: null } },
  ]);
});

test('a signal reaches a run that waits, is kept for one that will, and refused by one that is over', async ({
  replica,
}) => {
  const run = await running(replica);
  const id = run.lease.run_id;
  const early = await post(replica, id, 'signal', { name: 'paid', value: 5 });
  expect(early.body).toMatchObject({ state: 'running', resumed: false });
  const wait = await waitFor(replica, run, { for: 'signal', name: 'paid' });
  expect(wait.body).toEqual({ state: 'queued', repeated: false });
  const [lease] = await replica.claim(run.worker);
  expect(lease).toMatchObject({ resume: { kind: 'signal', name: 'paid', value: 5 } });
  await replica.report(run.worker, { run_id: id, epoch: lease?.epoch, status: 'completed' });
  expect((await post(replica, id, 'signal', { name: 'paid' })).status).toBe(409);
  const over = { worker: run.worker, lease: lease as FixtureLease };
  expect((await waitFor(replica, over)).status).toBe(409);
  const missing = '0199aaaa-0000-7000-8000-000000000001';
  expect((await post(replica, missing, 'signal', { name: 'x' })).status).toBe(404);
  const big = { name: 'x', value: 'x'.repeat(70_000) };
  expect((await post(replica, id, 'signal', big)).status).toBe(413);
});
