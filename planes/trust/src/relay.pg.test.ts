import { createHmac, createSecretKey, randomBytes } from 'node:crypto';

import { systemClock } from '@sagewai/clock';
import { sealingKey } from '@sagewai/crypto';
import { createPublicEgress } from '@sagewai/egress';
import { createApp, createAuthenticator, type Scope } from '@sagewai/http';
import { silentLog } from '@sagewai/log';
import { type Db, inTenant, sql } from '@sagewai/postgres';
import { createMetrics } from '@sagewai/telemetry';
import {
  fileDatabaseTest,
  holdTransaction,
  makeTenant,
  type Tenant,
  untilWaiting,
} from '@sagewai/testing';
import { ALERT_TYPES, type ProjectId } from '@sagewai/wire';
import { describe, expect } from 'vitest';

import { createAuditor } from './auditor.ts';
import { createAlerts } from './create-alerts.ts';
import { appendAudit } from './entries.sql.ts';
import { startReceiver } from './receiver-fixture.ts';
import { isListenedTo, lockCursor, queueEvents, startRelay, stopRelay } from './relay.sql.ts';
import type { TrustSettings } from './settings.ts';

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

const MASTER = createSecretKey(randomBytes(32));

function webhooksOf(
  db: Db,
  { orgId }: Tenant,
  {
    bound = null,
    settings = {},
  }: { bound?: ProjectId | null; settings?: Partial<TrustSettings> } = {},
) {
  const metrics = createMetrics();
  const { routes, jobs } = createAlerts({
    db,
    clock: systemClock,
    log: silentLog,
    egress: createPublicEgress({ privateHosts: ['127.0.0.1'], timeoutMs: 5_000 }),
    sealing: [sealingKey(MASTER, 'alert-webhook')],
    metrics,
    settings: { deliveryRetryMs: [0], relayEveryMs: 0, ...settings },
    boundProject: () => bound,
    nudge: () => undefined,
  });
  const scopes = new Set<Scope>(['admin']);
  const app = createApp({
    routes,
    authenticate: createAuthenticator([
      { read: () => ({ kind: 'token', id: 'id', name: 'a', orgId, projectId: bound, scopes }) },
    ]),
    auditor: createAuditor({ db }),
    db,
    clock: systemClock,
    log: silentLog,
    metrics,
  });
  const at = async (
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    url: string,
    body?: unknown,
  ): Promise<Answer> => {
    const answer = await app.inject({
      method,
      url,
      ...(body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, payload: JSON.stringify(body) }),
    });
    return { status: answer.statusCode, body: JSON.parse(answer.payload) as Answer['body'] };
  };
  return {
    at,
    call: (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown) =>
      at(method, `/api/v1/webhook${path}`, body),
    work: async (): Promise<void> => {
      for (const job of jobs) await job.run(new AbortController().signal);
    },
  };
}

const test = fileDatabaseTest.extend<{ tenant: Tenant }>({
  tenant: async ({ db }, use) => use(await makeTenant(db)),
});

const act = (db: Db, { orgId }: Tenant, action: string): Promise<void> =>
  inTenant(db, [orgId], (tx) =>
    appendAudit(tx, {
      orgId,
      actor: 'token:1',
      action,
      subject: 'key:7',
      outcome: 'ok',
      requestId: '',
      details: { secretly: 'not told' },
    }),
  );

describe('a webhook', () => {
  test('is told what it asks for and nothing of its contents, signed, and keeps a log (T9)', async ({
    db,
    tenant,
  }) => {
    const receiver = await startReceiver();
    const { call, work } = webhooksOf(db, tenant);
    await act(db, tenant, 'gateway.createKey');
    const { body: made } = await call('POST', 's', {
      name: 'keys',
      url: receiver.url,
      events: ['key.*', 'audit.fleet.*'],
    });
    await act(db, tenant, 'gateway.revokeKey');
    await act(db, tenant, 'ledger.setBudget');
    await act(db, tenant, 'fleet.banWorker');
    await work();
    await work();
    const types = receiver.received.map(({ body }) => (JSON.parse(body) as { type: string }).type);
    // What was before the webhook is not told.
    expect(types.toSorted()).toEqual(['audit.fleet.banWorker', 'key.revoked']);
    const [first] = receiver.received;
    const { headers, body } = first ?? { headers: {}, body: '' };
    expect(JSON.parse(body)).toEqual({
      type: expect.any(String),
      version: 1,
      timestamp: expect.any(String),
      organization_id: tenant.orgId,
      project_id: null,
      sequence: expect.any(Number),
      data: expect.objectContaining({ actor: 'token:1', subject: 'key:7', outcome: 'ok' }),
    });
    expect(body).not.toContain('not told');
    const key = Buffer.from(String(made['secret']).slice('whsec_'.length), 'base64');
    const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
    const signature = createHmac('sha256', key).update(signed).digest('base64');
    expect(headers['webhook-signature']).toBe(`v1,${signature}`);
    const { body: listed } = await call(
      'GET',
      `s/${String(made['id'])}/deliveries?state=delivered`,
    );
    const [delivery] = listed['deliveries'] as { id: string }[];
    const one = await call('GET', `s/${String(made['id'])}/deliveries/${delivery?.id}`);
    expect(one.body).toMatchObject({ state: 'delivered', log: [{ status: 200, error: null }] });
    expect(JSON.stringify(one.body)).not.toContain('whsec_');
  });

  test('that fails for days is told no more, the others hear of it, and what failed goes out again (T11)', async ({
    db,
    tenant,
  }) => {
    const receiver = await startReceiver();
    const { call, work } = webhooksOf(db, tenant, { settings: { failingMsMax: 0 } });
    const { body: made } = await call('POST', 's', {
      name: 'a',
      url: receiver.url,
      events: ['audit.*'],
    });
    const other = await startReceiver();
    await call('POST', 's', { name: 'b', url: other.url, events: ['webhook.disabled'] });
    receiver.status = 500;
    await act(db, tenant, 'gateway.createKey');
    await work();
    await work();
    const { body: listed } = await call('GET', 's');
    const [seen] = (listed['webhooks'] as Record<string, unknown>[]).filter(
      ({ id }) => id === made['id'],
    );
    expect(seen).toMatchObject({ disabled_why: expect.stringContaining('nothing has reached it') });
    expect(other.received.map(({ body }) => body)).toEqual([
      expect.stringContaining('webhook.disabled'),
    ]);
    receiver.status = 200;
    await call('PATCH', `s/${String(made['id'])}`, { enabled: true });
    await work();
    const before = receiver.received.length;
    const failed = await call('POST', `s/${String(made['id'])}/redeliver`, { state: 'failed' });
    expect(Number(failed.body['queued'])).toBeGreaterThan(0);
    await work();
    expect(receiver.received.length - before).toBeGreaterThanOrEqual(Number(failed.body['queued']));
    const none = await call('POST', `s/${String(made['id'])}/redeliver`, { state: 'failed' });
    expect(none.body).toEqual({ queued: 0 });
  });

  test('of a project is told of that project alone, and seen by its people', async ({
    db,
    tenant,
    owner,
  }) => {
    const mine = webhooksOf(db, tenant, { bound: tenant.projectId });
    const all = webhooksOf(db, tenant);
    const url = 'http://127.0.0.1:9/';
    await mine.call('POST', 's', { name: 'mine', url, events: ['*'] });
    const { body: wide } = await all.call('POST', 's', { name: 'wide', url, events: ['run.*'] });
    const stranger = await makeTenant(owner);
    const foreign = { name: 'x', url, events: ['*'], project_id: stranger.projectId };
    expect((await all.call('POST', 's', foreign)).status).toBe(404);
    expect((await mine.call('GET', 's')).body['webhooks']).toMatchObject([{ name: 'mine' }]);
    expect((await mine.call('DELETE', `s/${String(wide['id'])}`)).status).toBe(404);
    const other = webhooksOf(db, stranger);
    expect((await other.call('PATCH', `s/${String(wide['id'])}`, { name: 'y' })).status).toBe(404);
    const { orgId, projectId } = tenant;
    const event = { type: 'run.failed', messageId: 'evt_1', body: '{}' };
    const queue = (of: ProjectId | null) =>
      inTenant(db, [orgId], (tx) => queueEvents(tx, orgId, [{ ...event, projectId: of }]));
    expect([await queue(null), await queue(projectId)]).toEqual([1, 1]);
    // T10. Read again, nobody is told again.
    expect(await queue(projectId)).toBe(0);
  });

  test('of an organization, and its alerts, are out of reach of a project’s credential (T12)', async ({
    db,
    tenant,
  }) => {
    const mine = webhooksOf(db, tenant, { bound: tenant.projectId });
    const all = webhooksOf(db, tenant);
    const url = 'http://127.0.0.1:9/';
    const { body: wide } = await all.call('POST', 's', { name: 'w', url, events: ['run.*'] });
    const alerts = async (by: typeof all, method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path = '') =>
      by.at(method, `/api/v1/alert-webhooks${path}`, method === 'GET' ? undefined : {});
    const { body: made } = await all.at('POST', '/api/v1/alert-webhooks', { name: 'a', url });
    for (const id of [String(made['id']), String(wide['id'])]) {
      const reached = [
        await alerts(mine, 'PATCH', `/${id}`),
        await alerts(mine, 'POST', `/${id}/rotate`),
        await alerts(mine, 'POST', `/${id}/test`),
        await alerts(mine, 'GET', `/${id}/deliveries`),
        await alerts(mine, 'POST', `/${id}/deliveries/${id}/redeliver`),
        await alerts(mine, 'DELETE', `/${id}`),
      ];
      expect(reached.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404, 404]);
    }
    expect((await alerts(mine, 'GET')).body).toEqual({ webhooks: [] });
    expect((await alerts(all, 'GET')).body['webhooks']).toMatchObject([{ id: made['id'], url }]);
    const own = await mine.at('POST', '/api/v1/alert-webhooks', { name: 'b', url });
    expect(own).toMatchObject({
      status: 403,
      body: { detail: expect.stringContaining('sagewai webhooks') },
    });
  });

  test('is refused what never happens, and listed what does', async ({ db, tenant }) => {
    const { call } = webhooksOf(db, tenant);
    const body = { name: 'x', url: 'http://127.0.0.1:9/', events: ['run.*', 'run.exploded'] };
    const { status, body: problem } = await call('POST', 's', body);
    expect([status, problem['errors']]).toMatchObject([400, [{ path: '/events/1' }]]);
    expect(
      (await call('POST', 's', { ...body, url: 'http://10.0.0.1/', events: ['*'] })).status,
    ).toBe(400);
    expect((await call('GET', '-events')).body).toMatchObject({ version: 1 });
  });
});

test('who begins to listen while the last one is taken off the list is told (T9)', async ({
  db,
  tenant,
  owner,
}) => {
  const { orgId } = tenant;
  // Nobody listens, and the cursor is still there.
  await inTenant(db, [orgId], (tx) => startRelay(tx, orgId));
  const [looked, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const ending = inTenant(db, [orgId], async (tx) => {
    await lockCursor(tx, orgId);
    looked.resolve();
    await goOn.promise;
    await stopRelay(tx, orgId);
  });
  await looked.promise;
  const beginning = inTenant(db, [orgId], (tx) => startRelay(tx, orgId));
  await Promise.race([beginning, untilWaiting(owner)]);
  goOn.resolve();
  await Promise.all([ending, beginning]);
  expect(await inTenant(db, [orgId], (tx) => lockCursor(tx, orgId))).not.toBeNull();
  const { rowCount: due } = await sql`
    select from outbox_due where org_id = ${orgId} and what = 'events'
  `.execute(owner);
  expect(due).toBe(1);
});

test('one replica at a time tells of an organization’s log (T9)', async ({ db, tenant }) => {
  const { orgId } = tenant;
  await inTenant(db, [orgId], (tx) => startRelay(tx, orgId));
  await using first = await holdTransaction(db, [orgId], (tx) => lockCursor(tx, orgId));
  expect(first.output).toBe(0);
  // Not waited for: whoever comes second has nothing to do.
  expect(await inTenant(db, [orgId], (tx) => lockCursor(tx, orgId))).toBeNull();
  await first.commit();
});

test('nothing is read for an organization that nobody is told of', async ({ db, tenant }) => {
  const { call, work } = webhooksOf(db, tenant);
  const { orgId } = tenant;
  const { body } = await call('POST', 's', {
    name: 'x',
    url: 'http://127.0.0.1:9/',
    events: ['run.*'],
  });
  expect(await inTenant(db, [orgId], (tx) => isListenedTo(tx, orgId, ALERT_TYPES))).toBe(true);
  await call('DELETE', `s/${String(body['id'])}`);
  await work();
  expect(await inTenant(db, [orgId], (tx) => lockCursor(tx, orgId))).toBeNull();
  const due = await sql`
    select from outbox_due where org_id = ${orgId} and what = 'events'
  `.execute(db);
  expect(due.rowCount).toBe(0);
});
