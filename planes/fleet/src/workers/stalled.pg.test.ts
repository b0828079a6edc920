import { type Db, inTenant, sql } from '@sagewai/postgres';
import { makeTenant } from '@sagewai/testing';
import type { RunId } from '@sagewai/wire';
import { expect } from 'vitest';

import type { FleetFixture, FixtureLease, FixtureWorker } from '../fleet-fixture.ts';
import { fleetTest as test } from '../fleet-test.ts';
import { findQuietCandidates, listStalled, noteStalled, setProgress } from './stalled.sql.ts';

/** What was done so far happened so long ago; the workers are heard all the same. */
async function pass(owner: Db, seconds: number): Promise<void> {
  const ago = sql`${seconds} * interval '1 second'`;
  await sql`update lease set claimed_at = claimed_at - ${ago}`.execute(owner);
  await sql`update run_event_head set last_at = last_at - ${ago}`.execute(owner);
}

const listed = async (replica: FleetFixture): Promise<unknown[]> => {
  const { body } = await replica.call('GET', '/api/v1/fleet/stalled', { as: 'read' });
  return (body['runs'] as { run_id: string }[]).map(({ run_id: id }) => id);
};

const look = (replica: FleetFixture): Promise<void> => replica.run('fleet.stalled');

const say = (
  replica: FleetFixture,
  worker: FixtureWorker,
  lease: FixtureLease,
  first: number,
): Promise<{ readonly status: number }> =>
  replica.call('POST', `/api/v1/fleet/runs/${lease.run_id}/events`, {
    as: worker.token,
    body: { epoch: lease.epoch, first, events: [{ kind: 'progress', fraction: 0.1 }] },
  });

async function begin(
  replica: FleetFixture,
  asked: Record<string, unknown>,
): Promise<{ readonly worker: FixtureWorker; readonly lease: FixtureLease }> {
  const worker = await replica.worker();
  await replica.submit(asked);
  const [lease] = await replica.claim(worker);
  if (lease === undefined) throw new Error('nothing was claimed');
  return { worker, lease };
}

test('a run that says nothing for as long as it may is told of once, and again after it went on', async ({
  replica,
  owner,
  tenant,
}) => {
  await sql`
    insert into alert_webhook (id, org_id, name, url, event_types, secret_sealed, created_by)
    values (gen_random_uuid(), ${tenant.orgId}, 'ops', 'https://hooks.example.com/', '{run.stalled}', '', 'test')
  `.execute(owner);
  const { worker, lease } = await begin(replica, { no_progress_seconds: 60 });
  await pass(owner, 59);
  await look(replica);
  expect(await listed(replica)).toEqual([]);
  await pass(owner, 2);
  await look(replica);
  await look(replica);
  expect(await listed(replica)).toEqual([lease.run_id]);
  expect(await replica.metrics.render()).toContain('sagewai_stalled_runs_total{pool="default"} 1');

  expect((await say(replica, worker, lease, 1)).status).toBe(200);
  expect(await listed(replica)).toEqual([]);
  await look(replica);
  await pass(owner, 61);
  await look(replica);
  expect(await listed(replica)).toEqual([lease.run_id]);
  expect(await replica.metrics.render()).toContain('sagewai_stalled_runs_total{pool="default"} 2');
  const { rows } = await sql<{ alerts: number; entries: number }>`
    select (select count(*)::int from alert_delivery where event_type = 'run.stalled') as alerts,
           (select count(*)::int from audit_entry where action = 'run.stalled') as entries
  `.execute(owner);
  expect(rows).toEqual([{ alerts: 2, entries: 2 }]);
  expect(await replica.state(lease.run_id)).toBe('running');
  const report = { run_id: lease.run_id, epoch: lease.epoch, status: 'completed', output: {} };
  expect((await replica.report(worker, report)).status).toBe(200);
  expect(await listed(replica)).toEqual([]);
});

test('a pool looks for its runs and may requeue them; nobody looks where nobody asked', async ({
  replica,
  owner,
}) => {
  const { lease } = await begin(replica, {});
  await pass(owner, 100_000);
  await look(replica);
  expect(await listed(replica)).toEqual([]);
  const set = (body: unknown): Promise<{ readonly status: number }> =>
    replica.call('PUT', '/api/v1/fleet/pools/default/progress', { as: 'admin', body });
  expect((await set({ no_progress_seconds: 600 })).status).toBe(200);
  await look(replica);
  expect(await listed(replica)).toEqual([lease.run_id]);
  expect(await replica.state(lease.run_id)).toBe('running');
  await set({ no_progress_seconds: 600, requeue: true });
  await look(replica);
  expect(await replica.state(lease.run_id)).toBe('queued');
  expect(await listed(replica)).toEqual([]);
  await set({ no_progress_seconds: null });
  await replica.claim(await replica.worker());
  await pass(owner, 100_000);
  await look(replica);
  expect(await listed(replica)).toEqual([]);
});

test('neither a silent worker nor a cancelled run counts', async ({ replica, owner }) => {
  const silent = await begin(replica, { no_progress_seconds: 60 });
  await pass(owner, 61);
  await sql`update worker_session set last_seen_at = app_now() - interval '1 hour'`.execute(owner);
  await look(replica);
  expect(await listed(replica)).toEqual([]);
  await sql`update worker_session set last_seen_at = app_now()`.execute(owner);
  await replica.call('POST', `/api/v1/runs/${silent.lease.run_id}/cancel`, { as: 'write' });
  await look(replica);
  expect(await listed(replica)).toEqual([]);
});

test('the list is of one organization and project, and says since when', async ({
  db,
  dispatch,
  owner,
  replica,
  tenant,
}) => {
  const { orgId, projectId } = tenant;
  const { lease } = await begin(replica, {});
  await inTenant(db, [orgId], (tx) =>
    setProgress(tx, { orgId, pool: 'default' }, { noProgressMs: 60_000, requeues: false }),
  );
  await pass(owner, 61);
  const candidates = await findQuietCandidates(dispatch, {
    heardMs: 60_000,
    after: null,
    limit: 5,
  });
  expect(candidates).toEqual([
    { runId: lease.run_id, epoch: BigInt(lease.epoch), orgId, patienceMs: 60_000, requeues: false },
  ]);
  const after = lease.run_id as RunId;
  expect(await findQuietCandidates(dispatch, { heardMs: 60_000, after, limit: 5 })).toEqual([]);
  const [stalled] = await inTenant(db, [orgId], (tx) => noteStalled(tx, candidates));
  expect(stalled).toMatchObject({ projectId, pool: 'default', isNew: true });
  const list = (of: { orgId: typeof orgId; projectId: typeof projectId | null }) =>
    inTenant(db, [of.orgId], (tx) => listStalled(tx, { ...of, limit: 10 }));
  expect(await list({ orgId, projectId })).toMatchObject([
    { runId: lease.run_id, workerName: 'worker', quietSince: stalled?.quietSince },
  ]);
  const other = await makeTenant(db);
  expect(await list({ orgId: other.orgId, projectId: null })).toEqual([]);
  expect(await list({ orgId, projectId: other.projectId })).toEqual([]);
});
