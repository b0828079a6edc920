import { createSecretKey, randomBytes } from 'node:crypto';

import { systemClock } from '@sagewai/clock';
import { sealingKey } from '@sagewai/crypto';
import { createPublicEgress } from '@sagewai/egress';
import { createApp, createAuthenticator, type Scope } from '@sagewai/http';
import { silentLog } from '@sagewai/log';
import { type Executor, type Db, sql } from '@sagewai/postgres';
import { createMetrics } from '@sagewai/telemetry';
import { holdTransaction, type Tenant } from '@sagewai/testing';
import { createAlerts, createAuditor } from '@sagewai/trust';
import { expect } from 'vitest';

import { fleetTest as test } from '../fleet-test.ts';
import { describeRuns } from './describe-runs.ts';
import { readEnds, readEndsBetween, readProjects } from './run-event-facts.sql.ts';

/** The webhooks of one organization, wired as the server wires them. */
function webhooksOf(db: Db, { orgId, projectId }: Tenant, bound: boolean) {
  const metrics = createMetrics();
  const { routes, jobs } = createAlerts({
    db,
    clock: systemClock,
    log: silentLog,
    egress: createPublicEgress({ privateHosts: ['127.0.0.1'], timeoutMs: 5_000 }),
    sealing: [sealingKey(createSecretKey(randomBytes(32)), 'alert-webhook')],
    metrics,
    describe: [describeRuns],
    boundProject: () => (bound ? projectId : null),
    nudge: () => undefined,
  });
  const scopes = new Set<Scope>(['admin']);
  const app = createApp({
    routes,
    authenticate: createAuthenticator([
      { read: () => ({ kind: 'token', id: 'id', name: 'admin', orgId, projectId, scopes }) },
    ]),
    auditor: createAuditor({ db }),
    db,
    clock: systemClock,
    log: silentLog,
    metrics,
  });
  return {
    create: async (body: object) => {
      const answer = await app.inject({
        method: 'POST',
        url: '/api/v1/webhooks',
        headers: { 'content-type': 'application/json' },
        payload: JSON.stringify({ name: 'w', url: 'http://127.0.0.1:9/', ...body }),
      });
      return { status: answer.statusCode, body: JSON.parse(answer.payload) as { id: string } };
    },
    relay: async () => {
      await sql`update outbox_due set due_at = now() - interval '1 second'`.execute(db);
      await jobs.find(({ name }) => name === 'trust.relay')?.run(new AbortController().signal);
    },
  };
}

const told = async (owner: Executor): Promise<Record<string, unknown>[]> => {
  const { rows } = await sql<{ body: string }>`
    select body from alert_delivery order by (body::json ->> 'sequence')::int, message_id
  `.execute(owner);
  return rows.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
};

test('what becomes of runs is told, each end once, with ids and states alone (T9, T10)', async ({
  replica,
  db,
  owner,
  tenant,
}) => {
  const webhooks = webhooksOf(db, tenant, true);
  const { status, body } = await webhooks.create({ events: ['run.*'] });
  expect([status, body]).toMatchObject([201, { project_id: tenant.projectId }]);
  const worker = await replica.worker();
  const [done, failed, cancelled] = [
    await replica.submit(),
    await replica.submit(),
    await replica.submit(),
  ];
  for (const lease of await replica.claim(worker, { slots: 2 })) {
    const end =
      lease.run_id === done
        ? { status: 'completed', output: {} }
        : { status: 'failed', error: 'no' };
    await replica.report(worker, { run_id: lease.run_id, epoch: lease.epoch, ...end });
  }
  await replica.call('POST', `/api/v1/runs/${cancelled}/cancel`, { as: 'write' });
  {
    // While another replica is at it, nothing is told; it dies, and both are left for the next.
    await using held = await holdTransaction(db, [tenant.orgId], (tx) =>
      sql`select from event_cursor for update`.execute(tx),
    );
    await webhooks.relay();
    expect(await told(owner)).toEqual([]);
    await held.rollback();
  }
  await webhooks.relay();
  await sql`update event_cursor set seq = 0`.execute(owner);
  await webhooks.relay();
  const seen = await told(owner);
  const ends = new Map(seen.map(({ type, data }) => [type, data]));
  expect(seen).toHaveLength(3);
  expect(Object.fromEntries(ends)).toEqual({
    'run.cancelled': { run_id: cancelled, state: 'cancelled' },
    'run.completed': { run_id: done, state: 'completed' },
    'run.failed': { run_id: failed, state: 'failed' },
  });
  expect(seen[0]).toMatchObject({
    version: 1,
    project_id: tenant.projectId,
    organization_id: tenant.orgId,
  });
});

test('ends of a large batch are found between its first and its last', async ({
  replica,
  db,
  tenant,
}) => {
  const worker = await replica.worker();
  const ids = [await replica.submit(), await replica.submit()].toSorted();
  for (const lease of await replica.claim(worker, { slots: 2 })) {
    await replica.report(worker, {
      run_id: lease.run_id,
      epoch: lease.epoch,
      status: 'completed',
      output: {},
    });
  }
  const { orgId } = tenant;
  await using held = await holdTransaction(db, [orgId], async (tx) => {
    const [first = '', last = ''] = ids;
    const between = { orgId, first, last, at: new Date().toISOString() };
    return {
      between: await readEndsBetween(tx, between),
      named: await readEnds(tx, ids),
      projects: await readProjects(tx, ids),
    };
  });
  const { between, named, projects } = held.output;
  expect(between.map(({ runId }) => runId).toSorted()).toEqual(ids);
  expect(named).toHaveLength(2);
  expect(projects).toHaveLength(2);
});
