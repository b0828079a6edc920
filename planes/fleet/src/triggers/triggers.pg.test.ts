import { createHmac, createSecretKey, hash, randomBytes } from 'node:crypto';

import { inTenant, sql } from '@sagewai/postgres';
import { holdTransaction, makeTenant, untilWaiting } from '@sagewai/testing';
import type { RunId } from '@sagewai/wire';
import { describe, expect } from 'vitest';

import type { Answer, FleetFixture } from '../fleet-fixture.ts';
import { fleetTest as test } from '../fleet-test.ts';
import { countDelivery, insertTriggerFiring } from './triggers.sql.ts';

const SECRET = 'a-github-secret';
const RUN = {
  payload: { message: 'Look at {{body.issue.title}}', number: '{{body.issue.number}}' },
  labels: { repo: '{{body.repository.name}}' },
  priority: '{{body.priority ?? 3}}',
};
const OPENED = {
  action: 'opened',
  issue: { title: 'It broke', number: 7 },
  repository: { name: 'acme' },
};

const call = (
  replica: FleetFixture,
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  path: string,
  body?: unknown,
): Promise<Answer> =>
  replica.call(method, `/api/v1/triggers${path}`, {
    as: method === 'GET' ? 'read' : 'write',
    ...(body === undefined ? {} : { body }),
  });

async function create(replica: FleetFixture, more: object = {}): Promise<Answer['body']> {
  const { status, body } = await call(replica, 'POST', '', {
    name: 'issues',
    kind: 'webhook',
    webhook: { scheme: 'github' },
    secret: SECRET,
    filter: { '==': [{ var: 'body.action' }, 'opened'] },
    run: RUN,
    ...more,
  });
  if (status !== 201) throw new Error(JSON.stringify(body));
  return body;
}

const sign = (text: string, secret = SECRET): string =>
  `sha256=${createHmac('sha256', secret).update(text).digest('hex')}`;

/** As GitHub sends it. */
async function deliver(
  replica: FleetFixture,
  path: unknown,
  body: unknown,
  more: { readonly headers?: Record<string, string>; readonly secret?: string } = {},
): Promise<Answer> {
  const payload = typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await replica.app.inject({
    method: 'POST',
    url: String(path),
    headers: {
      'content-type': 'application/json',
      'x-github-event': 'issues',
      'x-hub-signature-256': sign(payload, more.secret),
      ...more.headers,
    },
    payload,
  });
  return { status: answer.statusCode, body: JSON.parse(answer.payload) as Answer['body'] };
}

const firingsOf = async (replica: FleetFixture, name = 'issues') =>
  (await call(replica, 'GET', `/${name}/firings`)).body['firings'] as Record<string, unknown>[];

describe('a webhook', () => {
  test('starts a run of what came in, and says which trigger did', async ({ replica, owner }) => {
    const { id, path, secret } = await create(replica);
    expect(secret).toBeNull();
    const { status, body } = await deliver(replica, path, OPENED);
    expect([status, body['status']]).toEqual([202, 'started']);
    const run = await replica.call('GET', `/api/v1/runs/${String(body['run_id'])}`, { as: 'read' });
    expect(run.body).toMatchObject({
      payload: { message: 'Look at It broke', number: 7 },
      labels: { repo: 'acme' },
      priority: 3,
      submitted_by: `trigger:${String(id)}`,
    });
    expect(await firingsOf(replica)).toMatchObject([{ how: 'started', run_id: body['run_id'] }]);
    const kept = await sql<{
      kept: string;
    }>`select row_to_json(t)::text as kept from run_trigger t`.execute(owner);
    expect(kept.rows[0]?.kept).not.toContain(SECRET);
  });

  test('starts nothing that its filter does not let pass, and nothing on a ping', async ({
    replica,
  }) => {
    const { path } = await create(replica);
    expect((await deliver(replica, path, { ...OPENED, action: 'closed' })).body).toEqual({
      status: 'filtered',
      run_id: null,
    });
    const ping = await deliver(
      replica,
      path,
      { zen: '.' },
      { headers: { 'x-github-event': 'ping' } },
    );
    expect(ping).toMatchObject({ status: 200, body: { status: 'pong' } });
    expect(await firingsOf(replica)).toMatchObject([{ how: 'filtered' }]);
  });

  test('tells a wrong signature nothing, and a wrong path the same as a disabled one', async ({
    replica,
  }) => {
    const { path } = await create(replica);
    const bad = await deliver(replica, path, OPENED, { secret: 'another-secret' });
    expect(bad).toMatchObject({ status: 401, body: { detail: 'Webhook verification failed.' } });
    const none = await deliver(replica, '/webhooks/nobody', OPENED);
    await call(replica, 'PATCH', '/issues/disable');
    const off = await deliver(replica, path, OPENED);
    expect([none.status, off.status]).toEqual([404, 404]);
    expect(off.body['detail']).toBe(none.body['detail']);
    await call(replica, 'PATCH', '/issues/enable');
    expect((await deliver(replica, path, OPENED)).status).toBe(202);
  });

  test('takes neither a large body nor what is no JSON', async ({ replica }) => {
    const { path } = await create(replica);
    const large = await deliver(replica, path, { ...OPENED, more: 'x'.repeat(1_100_000) });
    expect(large.status).toBe(413);
    expect((await deliver(replica, path, 'not json')).status).toBe(400);
    const form = `payload=${encodeURIComponent(JSON.stringify(OPENED))}`;
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await deliver(replica, path, form, { headers })).status).toBe(202);
  });

  test('the same delivery, whatever stands beside its signature, starts one run (X1, X3)', async ({
    replicaWith,
  }) => {
    const key = createSecretKey(randomBytes(32));
    const [replica, other] = [replicaWith({ key }), replicaWith({ key })];
    const { path } = await create(replica);
    const first = await deliver(replica, path, OPENED, { headers: { 'x-github-delivery': 'a' } });
    const again = await deliver(other, path, OPENED, { headers: { 'x-github-delivery': 'b' } });
    expect(again).toEqual({
      status: 202,
      body: { status: 'repeated', run_id: first.body['run_id'] },
    });
    expect(await firingsOf(replica)).toMatchObject([{ repeats: 1 }]);
  });

  test('the same delivery at the same time waits for the other, and starts none (X1)', async ({
    replica,
    db,
    owner,
    tenant,
  }) => {
    const { id, path } = await create(replica);
    const { orgId } = tenant;
    const runId = '0199aaaa-0000-7000-8000-000000000001' as RunId;
    const deliveryKey = `body:${hash('sha256', JSON.stringify(OPENED))}`;
    const firing = { id: runId, orgId, triggerId: String(id), deliveryKey, runId, error: null };
    await using held = await holdTransaction(db, [orgId], (tx) =>
      insertTriggerFiring(tx, { ...firing, how: 'started' }),
    );
    const waiting = deliver(replica, path, OPENED);
    await untilWaiting(owner);
    await held.commit();
    expect((await waiting).body).toEqual({ status: 'repeated', run_id: runId });
    expect((await sql`select from run`.execute(owner)).rowCount).toBe(0);
  });

  test('takes so many deliveries a minute, and says when there is room', async ({
    replica,
    db,
    tenant,
  }) => {
    const { id, path } = await create(replica, { webhook: { scheme: 'github', per_minute: 2 } });
    expect((await deliver(replica, path, OPENED)).status).toBe(202);
    // In one transaction it is one time.
    const counted = await inTenant(db, [tenant.orgId], async (tx) => {
      await sql`update run_trigger set minute_at = null`.execute(tx);
      const count = () => countDelivery(tx, { id: String(id), perMinute: 2 });
      return [await count(), await count(), await count()];
    });
    expect(counted).toEqual([
      { kind: 'counted' },
      { kind: 'counted' },
      { kind: 'full', waitMs: expect.any(Number) },
    ]);
  });

  test('what it asks for and cannot have is told, and tried again when it comes again (X6)', async ({
    replica,
  }) => {
    const { path } = await create(replica, { run: { ...RUN, priority: '{{body.priority}}' } });
    const body = { ...OPENED, priority: 1_000 };
    const refused = await deliver(replica, path, body);
    expect([refused.status, refused.body['detail']]).toEqual([
      400,
      expect.stringContaining('run/priority'),
    ]);
    expect(await firingsOf(replica)).toMatchObject([{ how: 'refused', run_id: null }]);
    await call(replica, 'PATCH', '/issues', { run: RUN });
    await call(replica, 'PATCH', '/issues', { run: { ...RUN, priority: 5 } });
    expect((await deliver(replica, path, body)).body['status']).toBe('started');
  });

  test('its idempotency key joins deliveries of one thing', async ({ replica }) => {
    const run = {
      payload: { n: '{{body.issue.number}}' },
      idempotency_key: 'issue-{{body.issue.number}}',
    };
    const { path } = await create(replica, { run });
    const one = await deliver(replica, path, OPENED);
    const other = await deliver(replica, path, { ...OPENED, again: true });
    expect(other.body).toEqual(one.body);
  });

  test('its former secret is good for a while, and its secret is shown once', async ({
    replica,
    owner,
  }) => {
    const made = await create(replica, { webhook: { scheme: 'bearer' }, secret: undefined });
    const bearer = (secret: unknown) => ({
      headers: { authorization: `Bearer ${String(secret)}` },
    });
    expect((await call(replica, 'GET', '/issues')).body).not.toHaveProperty('secret');
    const { body: rotated } = await call(replica, 'POST', '/issues/rotate', {});
    expect(rotated['previous_secret_until']).toEqual(expect.any(String));
    const statusWith = async (secret: unknown): Promise<number> =>
      (await deliver(replica, made['path'], OPENED, bearer(secret))).status;
    expect([await statusWith(made['secret']), await statusWith(rotated['secret'])]).toEqual([
      202, 202,
    ]);
    await sql`update run_trigger set previous_until = now()`.execute(owner);
    expect([await statusWith(made['secret']), await statusWith(rotated['secret'])]).toEqual([
      401, 202,
    ]);
  });
});

describe('a trigger', () => {
  test('is not kept with what cannot be: it is said where', async ({ replica }) => {
    const body = { name: 'x', kind: 'webhook', webhook: { scheme: 'github' }, secret: SECRET };
    const more = { filter: { evil: [1] }, run: { ...RUN, priority: 1_000 } };
    const { status, body: problem } = await call(replica, 'POST', '', { ...body, ...more });
    const paths = (problem['errors'] as { path: string }[]).map((error) => error.path);
    expect([status, paths]).toEqual([400, ['/filter/evil', '/run/priority']]);
  });

  test('tells what a sample would do, and starts nothing', async ({ replica, owner }) => {
    await create(replica);
    const { body } = await call(replica, 'POST', '/issues/test', { body: OPENED });
    expect(body).toMatchObject({
      passes: true,
      submission: { payload: { message: 'Look at It broke' }, priority: 3 },
      error: null,
    });
    const closed = await call(replica, 'POST', '/issues/test', { body: { action: 'closed' } });
    expect(closed.body).toEqual({ passes: false, submission: null, error: null });
    expect((await sql`select from run`.execute(owner)).rowCount).toBe(0);
  });

  test('of the clock is a schedule: each is seen, paused and deleted with the other', async ({
    replica,
    owner,
  }) => {
    const cron = { cron: '0 7 * * *', time_zone: 'Europe/Berlin', overlap: 'skip' };
    const clock = {
      name: 'daily',
      kind: 'cron',
      webhook: undefined,
      secret: undefined,
      filter: undefined,
    };
    const { id, schedule_id: scheduleId } = await create(replica, {
      ...clock,
      cron,
      run: { payload: { a: 1 } },
    });
    const schedule = async (): Promise<Answer> =>
      replica.call('GET', `/api/v1/schedules/${String(scheduleId)}`, { as: 'read' });
    expect((await schedule()).body).toMatchObject({
      name: 'daily',
      overlap: 'skip',
      paused: false,
    });
    await call(replica, 'PATCH', '/daily/disable');
    expect((await schedule()).body).toMatchObject({ paused: true, next_at: null });
    await call(replica, 'PATCH', '/daily', { cron: { cron: '* * * * *' } });
    expect((await call(replica, 'PATCH', '/daily/enable')).body).toMatchObject({
      enabled: true,
      cron: { cron: '* * * * *', overlap: 'skip' },
      run: { payload: { a: 1 } },
    });
    await sql`update schedule set planned_at = date_trunc('minute', now())`.execute(owner);
    await sql`update schedule_due set due_at = now() - interval '1 second'`.execute(owner);
    await replica.run('fleet.schedule');
    const [fired] = await firingsOf(replica, 'daily');
    expect(fired).toMatchObject({ how: 'started', run_id: expect.any(String) });
    const run = await replica.call('GET', `/api/v1/runs/${String(fired?.['run_id'])}`, {
      as: 'read',
    });
    expect(run.body['submitted_by']).toBe(`trigger:${String(id)}`);
    expect((await call(replica, 'DELETE', '/daily')).status).toBe(200);
    expect((await schedule()).status).toBe(404);
  });

  test('is of its project: another one sees and changes nothing of it', async ({
    replica,
    replicaWith,
    owner,
    tenant,
  }) => {
    const { id, path } = await create(replica);
    const stranger = replicaWith({ tenant: await makeTenant(owner) });
    for (const [method, way, body] of [
      ['GET', '', undefined],
      ['GET', '/firings', undefined],
      ['PATCH', '', { name: 'mine' }],
      ['PATCH', '/disable', undefined],
      ['POST', '/rotate', {}],
      ['POST', '/test', { body: {} }],
      ['DELETE', '', undefined],
    ] as const) {
      expect([way, (await call(stranger, method, `/${String(id)}${way}`, body)).status]).toEqual([
        way,
        404,
      ]);
    }
    expect((await call(stranger, 'GET', '')).body).toEqual({ triggers: [] });
    expect(tenant.orgId).toBeDefined();
    expect((await deliver(replica, path, OPENED)).status).toBe(202);
  });

  test('is deleted with its path; so many may be of one project', async ({
    replica,
    replicaWith,
  }) => {
    const { path } = await create(replica);
    const few = replicaWith({ settings: { triggersMax: 1 } });
    expect(
      (
        await call(few, 'POST', '', {
          name: 'b',
          kind: 'cron',
          cron: { cron: '* * * * *' },
          run: { payload: {} },
        })
      ).status,
    ).toBe(409);
    expect((await call(replica, 'DELETE', '/issues')).status).toBe(200);
    expect((await deliver(replica, path, OPENED)).status).toBe(404);
  });
});
