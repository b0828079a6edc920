import { createHmac, createSecretKey, randomBytes } from 'node:crypto';

import { systemClock } from '@sagewai/clock';
import { sealingKey } from '@sagewai/crypto';
import { createPublicEgress } from '@sagewai/egress';
import { createApp, createAuthenticator, type Scope } from '@sagewai/http';
import { silentLog } from '@sagewai/log';
import { type Db, inTenant, sql } from '@sagewai/postgres';
import { createMetrics } from '@sagewai/telemetry';
import { fileDatabaseTest, makeTenant, type Tenant } from '@sagewai/testing';
import type { OrganizationId } from '@sagewai/wire';
import { describe, expect } from 'vitest';

import { createAuditor } from './auditor.ts';
import { createAlerts } from './create-alerts.ts';
import { findDue, takeDue } from './deliveries.sql.ts';
import { raiseAlert } from './raise-alert.ts';
import { startReceiver } from './receiver-fixture.ts';
import type { TrustSettings } from './settings.ts';
import { listWebhooks } from './webhooks.sql.ts';

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

interface Alerts {
  readonly call: (
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    as?: string,
  ) => Promise<Answer>;
  readonly deliver: () => Promise<void>;
  readonly log: (webhook: string) => Promise<Record<string, unknown>[]>;
}

const MASTER = createSecretKey(randomBytes(32));

function alertsOf(
  db: Db,
  orgId: OrganizationId,
  settings: Partial<TrustSettings> = {},
  privateHosts = ['127.0.0.1'],
): Alerts {
  const metrics = createMetrics();
  const { routes, jobs } = createAlerts({
    db,
    clock: systemClock,
    log: silentLog,
    egress: createPublicEgress({ privateHosts, timeoutMs: 5_000 }),
    sealing: [sealingKey(MASTER, 'alert-webhook')],
    metrics,
    settings: { deliveryRetryMs: [0, 0], ...settings },
    nudge: () => undefined,
  });
  const app = createApp({
    routes,
    authenticate: createAuthenticator([
      {
        read: ({ headers }) => {
          const scope = /^Bearer (\w+)$/.exec(headers.authorization ?? '')?.[1];
          const scopes = new Set([scope as Scope]);
          return scope === undefined
            ? null
            : { kind: 'token', id: 'id', name: scope, orgId, projectId: null, scopes };
        },
      },
    ]),
    auditor: createAuditor({ db }),
    db,
    clock: systemClock,
    log: silentLog,
    metrics,
  });
  const call: Alerts['call'] = async (method, path, body, as = 'admin') => {
    const answer = await app.inject({
      method,
      url: `/api/v1/alert-webhooks${path}`,
      headers: {
        authorization: `Bearer ${as}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
    });
    return { status: answer.statusCode, body: JSON.parse(answer.payload) as Answer['body'] };
  };
  return {
    call,
    deliver: async () => {
      for (const job of jobs) await job.run(new AbortController().signal);
    },
    log: async (webhook) =>
      (await call('GET', `/${webhook}/deliveries`)).body['deliveries'] as Record<string, unknown>[],
  };
}

const test = fileDatabaseTest.extend<{ tenant: Tenant }>({
  tenant: async ({ db }, use) => use(await makeTenant(db)),
});

const raise = (db: Db, orgId: OrganizationId): Promise<void> =>
  inTenant(db, [orgId], (tx) =>
    raiseAlert(tx, { orgId, type: 'worker.anomaly', at: new Date(), data: { kind: 'rate_limit' } }),
  );

const signedBy = (
  secret: unknown,
  headers: NodeJS.Dict<string | string[]>,
  body: string,
): string => {
  const key = Buffer.from(String(secret).slice('whsec_'.length), 'base64');
  const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
  return `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
};

describe('an alert', () => {
  test('reaches the webhook that wants it, signed, once', async ({ db, tenant }) => {
    const alerts = alertsOf(db, tenant.orgId);
    const receiver = await startReceiver();
    const { body: made } = await alerts.call('POST', '', { name: 'ops', url: receiver.url });
    await alerts.call('POST', '', {
      name: 'other',
      url: receiver.url,
      event_types: ['worker.revoked'],
    });
    await raise(db, tenant.orgId);
    await alerts.deliver();
    await alerts.deliver();
    expect(receiver.received).toHaveLength(1);
    const [{ headers, body } = { headers: {}, body: '' }] = receiver.received;
    expect(headers['webhook-signature']).toBe(signedBy(made['secret'], headers, body));
    expect(JSON.parse(body)).toMatchObject({
      type: 'worker.anomaly',
      organization_id: tenant.orgId,
      data: { kind: 'rate_limit' },
    });
    expect(await alerts.log(String(made['id']))).toMatchObject([
      { state: 'delivered', attempts: 1, last_status: 200, message_id: headers['webhook-id'] },
    ]);
    expect(await findDue(db, 'alerts', 10)).toEqual([]);
  });

  test('survives a receiver that is away, under one id, and fails after the last try', async ({
    db,
    tenant,
  }) => {
    const alerts = alertsOf(db, tenant.orgId);
    const receiver = await startReceiver();
    receiver.status = 503;
    const { body: made } = await alerts.call('POST', '', { name: 'ops', url: receiver.url });
    const id = String(made['id']);
    await raise(db, tenant.orgId);
    await alerts.deliver();
    expect(await alerts.log(id)).toMatchObject([
      { state: 'pending', attempts: 1, last_status: 503, last_error: 'not now' },
    ]);
    receiver.status = 204;
    await alerts.deliver();
    expect(await alerts.log(id)).toMatchObject([{ state: 'delivered', attempts: 2 }]);
    const ids = receiver.received.map(({ headers }) => headers['webhook-id']);
    expect(ids[0]).toBe(ids[1]);

    receiver.status = 500;
    await raise(db, tenant.orgId);
    for (let round = 0; round < 5; round += 1) await alerts.deliver();
    const [failed] = await alerts.log(id);
    expect(failed).toMatchObject({ state: 'failed', attempts: 3, next_attempt_at: null });
    receiver.status = 200;
    const again = await alerts.call(
      'POST',
      `/${id}/deliveries/${String(failed?.['id'])}/redeliver`,
    );
    expect(again.status).toBe(202);
    await alerts.deliver();
    const [redelivered] = await alerts.log(id);
    expect(redelivered).toMatchObject({ id: failed?.['id'], state: 'delivered' });
  });

  test('is not raised by what is rolled back (T7)', async ({ db, tenant }) => {
    const alerts = alertsOf(db, tenant.orgId);
    const receiver = await startReceiver();
    await alerts.call('POST', '', { name: 'ops', url: receiver.url });
    const failing = inTenant(db, [tenant.orgId], async (tx) => {
      await raiseAlert(tx, {
        orgId: tenant.orgId,
        type: 'worker.anomaly',
        at: new Date(),
        data: {},
      });
      throw new Error('after all not');
    });
    await expect(failing).rejects.toThrow('after all not');
    await alerts.deliver();
    expect(receiver.received).toEqual([]);
  });

  test('that a replica has taken is not taken by another', async ({ db, tenant }) => {
    const alerts = alertsOf(db, tenant.orgId);
    await alerts.call('POST', '', { name: 'ops', url: 'http://127.0.0.1:9/' });
    await raise(db, tenant.orgId);
    const take = () =>
      inTenant(db, [tenant.orgId], (tx) => takeDue(tx, { holdMs: 60_000, limit: 10 }));
    expect(await take()).toHaveLength(1);
    expect(await take()).toEqual([]);
  });
});

describe('a webhook', () => {
  test('whose secret is rotated takes signatures of both for a day', async ({ db, tenant }) => {
    const alerts = alertsOf(db, tenant.orgId);
    const receiver = await startReceiver();
    const { body: made } = await alerts.call('POST', '', { name: 'ops', url: receiver.url });
    const id = String(made['id']);
    const { body: rotated } = await alerts.call('POST', `/${id}/rotate`);
    expect(rotated['secret']).not.toBe(made['secret']);
    const send = async (): Promise<string[]> => {
      await alerts.call('POST', `/${id}/test`);
      await alerts.deliver();
      const { headers, body } = receiver.received.at(-1) ?? { headers: {}, body: '' };
      const signatures = String(headers['webhook-signature']).split(' ');
      expect(signatures[0]).toBe(signedBy(rotated['secret'], headers, body));
      if (signatures[1] !== undefined) {
        expect(signatures[1]).toBe(signedBy(made['secret'], headers, body));
      }
      return signatures;
    };
    expect(await send()).toHaveLength(2);
    await inTenant(db, [tenant.orgId], (tx) =>
      sql`update alert_webhook set previous_until = app_now() - interval '1 second'`.execute(tx),
    );
    expect(await send()).toHaveLength(1);
  });

  test('that answers 410 is delivered to no more, until it is let', async ({ db, tenant }) => {
    const alerts = alertsOf(db, tenant.orgId);
    const receiver = await startReceiver();
    receiver.status = 410;
    const { body: made } = await alerts.call('POST', '', { name: 'ops', url: receiver.url });
    await raise(db, tenant.orgId);
    await alerts.deliver();
    await raise(db, tenant.orgId);
    await alerts.deliver();
    expect(receiver.received).toHaveLength(1);
    const id = String(made['id']);
    const { body } = await alerts.call('PATCH', `/${id}`, { enabled: true });
    expect(body['disabled_why']).toBeNull();
    receiver.status = 200;
    await raise(db, tenant.orgId);
    await alerts.deliver();
    expect(receiver.received).toHaveLength(2);
  });

  test('that has ended is told nothing that waited for it, by hand or by 410 (T13)', async ({
    db,
    tenant,
  }) => {
    const alerts = alertsOf(db, tenant.orgId, { deliveryRetryMs: [60_000] });
    const receiver = await startReceiver();
    receiver.status = 500;
    const { body: made } = await alerts.call('POST', '', { name: 'ops', url: receiver.url });
    const id = String(made['id']);
    await raise(db, tenant.orgId);
    await alerts.deliver();
    expect(await alerts.log(id)).toMatchObject([{ state: 'pending', attempts: 1 }]);
    await alerts.call('PATCH', `/${id}`, { enabled: false });
    expect(await alerts.log(id)).toMatchObject([{ state: 'failed', last_error: 'by hand' }]);
    await alerts.call('PATCH', `/${id}`, { enabled: true });
    await raise(db, tenant.orgId);
    await alerts.deliver();
    receiver.status = 410;
    await raise(db, tenant.orgId);
    await alerts.deliver();
    expect((await alerts.log(id)).map(({ state }) => state)).toEqual([
      'failed',
      'failed',
      'failed',
    ]);
    expect(await findDue(db, 'alerts', 10)).toEqual([]);
    expect(receiver.received).toHaveLength(3);
  });

  test('that fails for too long fails what waits for it, though both are at it at once (T11, T13)', async ({
    db,
    tenant,
  }) => {
    const settings = { deliveryRetryMs: [60_000], failingMsMax: 0 };
    const alerts = alertsOf(db, tenant.orgId, settings);
    const receiver = await startReceiver();
    receiver.status = 500;
    const event_types = ['worker.anomaly'];
    const { body: made } = await alerts.call('POST', '', {
      name: 'ops',
      url: receiver.url,
      event_types,
    });
    for (let n = 0; n < 8; n++) await raise(db, tenant.orgId);
    await alerts.deliver();
    const log = await alerts.log(String(made['id']));
    expect(log.map(({ state }) => state)).toEqual(Array.from({ length: 8 }, () => 'failed'));
    expect(receiver.received).toHaveLength(8);
  });

  test('in a private network is refused, however it is written and wherever it leads', async ({
    db,
    tenant,
  }) => {
    const alerts = alertsOf(db, tenant.orgId, { deliveryRetryMs: [] }, []);
    const create = async (url: string): Promise<Answer> =>
      alerts.call('POST', '', { name: 'inside', url });
    for (const url of [
      'http://127.0.0.1/',
      'http://0x7f.1/',
      'http://[::ffff:10.0.0.1]/',
      'http://169.254.169.254/',
      'http://[fd00::1]/',
    ]) {
      expect({ url, status: (await create(url)).status }).toEqual({ url, status: 400 });
    }
    // A name is only known by what it leads to, when it is connected to.
    const { body: made } = await create('http://localhost:9/');
    await raise(db, tenant.orgId);
    await alerts.deliver();
    const [delivery] = await alerts.log(String(made['id']));
    expect(delivery).toMatchObject({ state: 'failed', last_status: null });
    expect(String(delivery?.['last_error'])).toContain('may not be called');
  });

  test('is its organization’s alone, and its secret is shown once', async ({ db, tenant }) => {
    const alerts = alertsOf(db, tenant.orgId);
    const stranger = alertsOf(db, (await makeTenant(db)).orgId);
    const { body: made } = await alerts.call('POST', '', {
      name: 'ops',
      url: 'http://127.0.0.1:9/',
    });
    const id = String(made['id']);
    expect((await stranger.call('POST', `/${id}/rotate`)).status).toBe(404);
    expect((await stranger.call('POST', `/${id}/test`)).status).toBe(404);
    expect((await stranger.call('DELETE', `/${id}`)).status).toBe(404);
    expect((await stranger.call('GET', '')).body['webhooks']).toEqual([]);
    expect(
      (await alerts.call('POST', '', { name: 'x', url: 'http://127.0.0.1/' }, 'write')).status,
    ).toBe(403);
    const listed = await alerts.call('GET', '', undefined, 'read');
    expect(JSON.stringify(listed.body)).not.toContain('whsec_');
    const { rows } = await inTenant(db, [tenant.orgId], (tx) =>
      sql<{ text: string }>`select w::text as text from alert_webhook w`.execute(tx),
    );
    expect(rows[0]?.text).not.toContain(String(made['secret']).slice(6));
    expect((await alerts.call('DELETE', `/${id}`)).status).toBe(200);
    const left = inTenant(db, [tenant.orgId], (tx) => listWebhooks(tx, tenant.orgId));
    expect(await left).toEqual([]);
  });
});
