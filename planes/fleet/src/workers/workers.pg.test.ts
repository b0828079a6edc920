import { sql } from '@sagewai/postgres';
import { holdTransaction, makeTenant, untilWaiting } from '@sagewai/testing';
import { describe, expect } from 'vitest';

import { workerOf } from '../fleet-fixture.ts';
import { fleetTest as test } from '../fleet-test.ts';

const REGISTER = '/api/v1/fleet/register';

describe('registration', () => {
  test('with a key approves what is declared and allowed, and says what was dropped', async ({
    replica,
  }) => {
    const { body: key } = await replica.call('POST', '/api/v1/fleet/enrollment-keys', {
      as: 'admin',
      body: {
        name: 'gpu',
        max_uses: 2,
        allowed_pools: ['gpu'],
        allowed_models: ['gpt-4o'],
        expires_in_seconds: 60,
      },
    });
    expect(key['key']).toMatch(/^sk-fleet-/);
    const as = { 'x-enrollment-key': String(key['key']) };
    const body = { name: 'w', pool: 'gpu', models: ['openai/GPT-4o', 'llama'], max_concurrent: 3 };
    expect(await replica.call('POST', REGISTER, { as, body })).toMatchObject({
      status: 201,
      body: {
        status: 'approved',
        capabilities: { models: ['openai/GPT-4o'], pool: 'gpu', labels: {}, max_concurrent: 3 },
        dropped_models: ['llama'],
        reason: null,
        session_epoch: 1,
      },
    });
    const pending = await replica.call('POST', REGISTER, { as, body: { ...body, pool: 'cpu' } });
    expect(pending.body).toMatchObject({
      status: 'pending',
      reason: expect.stringContaining('cpu'),
    });
    const { body: list } = await replica.call('GET', '/api/v1/fleet/enrollment-keys', {
      as: 'admin',
    });
    expect(list).toMatchObject({ keys: [{ name: 'gpu', max_uses: 2, current_uses: 1 }], total: 1 });
    expect(JSON.stringify(list)).not.toContain('hash');
  });

  test.for(['header', 'body'] as const)(
    'with a bad key in the %s is refused',
    async (where, { replica }) => {
      const answer = await replica.call('POST', REGISTER, {
        ...(where === 'header' ? { as: { 'x-enrollment-key': 'sk-fleet-nonsense' } } : {}),
        body: where === 'body' ? { enrollment_key: 'sk-fleet-nonsense' } : {},
      });
      expect(answer).toMatchObject({ status: 401, body: { detail: 'Invalid enrollment key' } });
    },
  );

  test.for([
    ['revoked', sql`update enrollment_key set revoked_at = now()`],
    ['expired', sql`update enrollment_key set expires_at = now() - interval '1 second'`],
    ['used up', sql`update enrollment_key set current_uses = 1, max_uses = 1`],
  ] as const)('with a key that is %s is refused', async ([word, change], { replica, owner }) => {
    const { body } = await replica.call('POST', '/api/v1/fleet/enrollment-keys', {
      as: 'admin',
      body: { name: 'k' },
    });
    await change.execute(owner);
    const answer = await replica.call('POST', REGISTER, {
      as: { 'x-enrollment-key': String(body['key']) },
      body: {},
    });
    expect(answer).toMatchObject({ status: 401, body: { code: 'enrollment.invalid' } });
    expect(String(answer.body['detail'])).toContain(word);
  });

  test('takes the last use of a key once, however many come', async ({ replica }) => {
    const { body } = await replica.call('POST', '/api/v1/fleet/enrollment-keys', {
      as: 'admin',
      body: { name: 'k', max_uses: 1 },
    });
    const as = { 'x-enrollment-key': String(body['key']) };
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => replica.call('POST', REGISTER, { as, body: {} })),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(5);
  });

  test('without a key is pending where it is open, and refused where it is closed', async ({
    replicaWith,
    db,
  }) => {
    const closed = replicaWith({});
    expect((await closed.call('POST', REGISTER, { body: {} })).status).toBe(401);
    const open = replicaWith({ settings: { openRegistration: true } });
    const answer = await open.call('POST', REGISTER, { body: { pool: 'gpu' } });
    expect(answer).toMatchObject({ status: 201, body: { status: 'pending' } });
    const settings = { as: 'admin', body: { open_registration: false } };
    await open.call('PUT', '/api/v1/fleet/settings', settings);
    expect((await open.call('POST', REGISTER, { body: {} })).status).toBe(401);
    expect((await open.call('POST', REGISTER, { as: 'read', body: {} })).body).toMatchObject({
      status: 'pending',
    });
    await makeTenant(db);
    expect(await open.call('POST', REGISTER, { body: {} })).toMatchObject({
      status: 400,
      body: { code: 'organization.required' },
    });
  });

  test('keeps the number of undecided workers within bounds', async ({ replicaWith }) => {
    const replica = replicaWith({ settings: { openRegistration: true, undecidedWorkersMax: 2 } });
    const statuses = [];
    for (let n = 0; n < 3; n++)
      statuses.push((await replica.call('POST', REGISTER, { body: {} })).status);
    expect(statuses).toEqual([201, 201, 429]);
  });
});

describe('a worker', () => {
  test('may live while it is pending, and work once it is approved', async ({ replica }) => {
    const { body } = await replica.call('POST', REGISTER, { as: 'read', body: {} });
    const worker = workerOf(body);
    const heartbeat = () =>
      replica.call('POST', '/api/v1/fleet/heartbeat', { as: worker.token, body: {} });
    expect(await heartbeat()).toMatchObject({ status: 200, body: { status: 'pending' } });
    const claim = { as: worker.token, body: { poll_timeout: 0 } };
    expect(await replica.call('POST', '/api/v1/fleet/claim', claim)).toMatchObject({
      status: 403,
      body: { detail: 'Worker not approved' },
    });
    const approve = () =>
      replica.call('POST', `/api/v1/fleet/workers/${worker.id}/approve`, { as: 'admin', body: {} });
    expect((await approve()).body).toEqual({ status: 'approved', worker_id: worker.id });
    expect((await approve()).status).toBe(404);
    expect((await heartbeat()).body).toMatchObject({ status: 'approved' });
    expect((await replica.call('POST', '/api/v1/fleet/claim', claim)).status).toBe(204);
  });

  test('that is revoked is refused, and its runs go to others', async ({ replica }) => {
    const [worker, other] = [await replica.worker(), await replica.worker()];
    const run = await replica.submit();
    const [lease] = await replica.claim(worker);
    await replica.call('POST', `/api/v1/fleet/workers/${worker.id}/revoke`, {
      as: 'admin',
      body: {},
    });
    const report = await replica.report(worker, { run_id: run, epoch: lease?.epoch });
    expect(report).toMatchObject({ status: 401, body: { code: 'worker.revoked' } });
    expect(await replica.claim(other)).toMatchObject([{ run_id: run, attempt: 2 }]);
  });

  test('that is rejected never claims', async ({ replica }) => {
    const worker = workerOf((await replica.call('POST', REGISTER, { as: 'read', body: {} })).body);
    await replica.call('POST', `/api/v1/fleet/workers/${worker.id}/reject`, {
      as: 'admin',
      body: {},
    });
    const claim = { as: worker.token, body: { poll_timeout: 0 } };
    expect((await replica.call('POST', '/api/v1/fleet/claim', claim)).status).toBe(403);
    expect(
      (
        await replica.call('POST', `/api/v1/fleet/workers/${worker.id}/approve`, {
          as: 'admin',
          body: {},
        })
      ).status,
    ).toBe(404);
  });

  test('that starts anew loses its runs to the queue, and its older session cannot write (F1)', async ({
    replica,
  }) => {
    const worker = await replica.worker();
    const run = await replica.submit();
    const [lease] = await replica.claim(worker);
    const as = { 'x-worker-id': worker.id, 'x-worker-secret': worker.secret };
    const { body: session } = await replica.call('POST', '/api/v1/fleet/sessions', { as });
    expect(session).toMatchObject({ session_epoch: 2, status: 'approved' });
    expect(await replica.report(worker, { run_id: run, epoch: lease?.epoch })).toMatchObject({
      status: 409,
    });
    expect(
      (await replica.call('POST', '/api/v1/fleet/heartbeat', { as: worker.token, body: {} })).body,
    ).toMatchObject({
      code: 'worker_session.replaced',
    });
    expect(
      (await replica.call('POST', '/api/v1/fleet/claim', { as: worker.token, body: { slots: 1 } }))
        .body,
    ).toMatchObject({ code: 'worker_session.replaced' });
    const fresh = { ...worker, token: String(session['token']) };
    expect(await replica.claim(fresh)).toMatchObject([{ run_id: run, attempt: 2 }]);
    expect((await replica.call('POST', '/api/v1/fleet/sessions', { as: fresh.token })).status).toBe(
      403,
    );
  });

  test('that starts anew ends the waiting poll of its older session at once', async ({
    replica,
  }) => {
    const worker = await replica.worker();
    const waiting = replica.claim(worker, { poll_timeout: 60 });
    // Several round trips later the poll stands at its desk.
    await replica.worker();
    const as = { 'x-worker-id': worker.id, 'x-worker-secret': worker.secret };
    await replica.call('POST', '/api/v1/fleet/sessions', { as });
    expect(await waiting).toEqual([]);
  });

  test('opens a session with an issued token, and registers with it to a new secret', async ({
    replica,
  }) => {
    const worker = await replica.worker({ models: ['a'] });
    const issued = await replica.call('POST', `/api/v1/fleet/workers/${worker.id}/tokens`, {
      as: 'admin',
      body: { expires_in_seconds: 3600 },
    });
    const token = String(issued.body['token']);
    expect(
      (await replica.call('POST', '/api/v1/fleet/sessions', { as: token })).body,
    ).toMatchObject({ session_epoch: 2 });
    const again = await replica.call('POST', REGISTER, {
      body: { enrollment_key: token, models: ['b'] },
    });
    expect(again).toMatchObject({
      status: 201,
      body: { worker_id: worker.id, session_epoch: 3, capabilities: { models: ['a'] } },
    });
    const old = { 'x-worker-id': worker.id, 'x-worker-secret': worker.secret };
    expect(
      (await replica.call('POST', '/api/v1/fleet/heartbeat', { as: old, body: {} })).status,
    ).toBe(401);
    expect(
      (await replica.call('POST', REGISTER, { body: { enrollment_key: worker.token } })).status,
    ).toBe(401);
  });

  test('gets a new token in time, and none before', async ({ replicaWith }) => {
    let now = new Date('2026-11-21T00:00:00Z');
    const clock = { now: () => now, monotonicMs: () => performance.now() };
    const replica = replicaWith({ clock, settings: { workerTokenTtlMs: 60_000 } });
    const worker = await replica.worker();
    const heartbeat = () =>
      replica.call('POST', '/api/v1/fleet/heartbeat', { as: worker.token, body: {} });
    expect((await heartbeat()).body).not.toHaveProperty('token');
    now = new Date('2026-11-21T00:00:31Z');
    const { body } = await heartbeat();
    expect(body['token']).toMatch(/^wrt-1\./);
    now = new Date('2026-11-21T00:01:01Z');
    expect(await heartbeat()).toMatchObject({ status: 401 });
    expect(
      (
        await replica.call('POST', '/api/v1/fleet/heartbeat', {
          as: String(body['token']),
          body: {},
        })
      ).status,
    ).toBe(200);
  });

  test('that is silent loses its runs, and fails them with the reason at the last attempt', async ({
    replicaWith,
    owner,
  }) => {
    const replica = replicaWith({ settings: { workerSilenceMs: 60_000, pulseGapMs: 1e9 } });
    const worker = await replica.worker();
    const run = await replica.submit({ max_attempts: 1 });
    await replica.claim(worker);
    await replica.run('fleet.supervise');
    expect(await replica.state(run)).toBe('running');
    await sql`update worker_session set last_seen_at = now() - interval '2 minutes'`.execute(owner);
    await sql`update lease set claimed_at = now() - interval '2 minutes'`.execute(owner);
    await sql`update fleet_pulse set up_since = 'epoch'`.execute(owner);
    await replica.run('fleet.supervise');
    const { body } = await replica.call('GET', `/api/v1/runs/${run}`, { as: 'read' });
    expect(body).toMatchObject({
      state: 'failed',
      error: 'its worker was silent for 60 s; attempt 1 of 1',
    });
  });

  test('is not told from its id alone', async ({ replica }) => {
    const [worker, other] = [await replica.worker(), await replica.worker()];
    const bad = [
      { 'x-worker-id': worker.id },
      { 'x-worker-id': worker.id, 'x-worker-secret': other.secret },
      { 'x-worker-id': 'nonsense', 'x-worker-secret': worker.secret },
      { authorization: `Bearer ${worker.token}x` },
    ];
    for (const as of bad) {
      expect((await replica.call('POST', '/api/v1/fleet/heartbeat', { as, body: {} })).status).toBe(
        401,
      );
    }
    expect((await replica.call('POST', '/api/v1/fleet/claim', { body: {} })).status).toBe(401);
    expect(
      (await replica.call('POST', '/api/v1/fleet/claim', { as: 'admin', body: {} })).status,
    ).toBe(403);
  });
});

describe('a worker’s own calls', () => {
  const price = { perCall: 0n, input: 1_000_000n, output: 2_000_000n };

  test('are reserved under the lease and settled as declared by the worker', async ({
    replicaWith,
  }) => {
    const replica = replicaWith({ priceOf: () => price });
    const worker = await replica.worker();
    const other = await replica.worker();
    const run = await replica.submit();
    const [lease] = await replica.claim(worker);
    const path = `/api/v1/fleet/runs/${run}/reservations`;
    const body = {
      epoch: lease?.epoch,
      model: 'llama3',
      input_tokens_max: 100,
      output_tokens_max: 50,
    };
    expect((await replica.call('POST', path, { as: other.token, body })).status).toBe(409);
    expect(
      (await replica.call('POST', path, { as: worker.token, body: { ...body, epoch: 999 } }))
        .status,
    ).toBe(409);
    const reserved = await replica.call('POST', path, { as: worker.token, body });
    expect(reserved.status).toBe(201);
    const settle = (as: string) =>
      replica.call('POST', `${path}/${String(reserved.body['reservation_id'])}/settlement`, {
        as,
        body: { epoch: lease?.epoch, input_tokens: 10, output_tokens: 5 },
      });
    expect((await settle(other.token)).status).toBe(404);
    expect(await settle(worker.token)).toMatchObject({
      status: 200,
      body: { cost_usd: '0.00002' },
    });
    expect(await settle(worker.token)).toMatchObject({
      status: 200,
      body: { cost_usd: '0.00002' },
    });
    const { body: detail } = await replica.call('GET', `/api/v1/runs/${run}`, { as: 'read' });
    expect(detail).toMatchObject({
      cost_usd: '0.00002',
      input_tokens: 10,
      output_tokens: 5,
      calls: 1,
      models_used: ['llama3'],
    });
  });

  test('are reserved once under one idempotency key, also when asked for twice at once', async ({
    replicaWith,
    owner,
    db,
    tenant,
  }) => {
    const replica = replicaWith({ priceOf: () => price });
    const second = replicaWith({ priceOf: () => price });
    const worker = await replica.worker();
    const run = await replica.submit();
    const [lease] = await replica.claim(worker);
    const path = `/api/v1/fleet/runs/${run}/reservations`;
    const as = {
      'x-worker-id': worker.id,
      'x-worker-secret': worker.secret,
      'idempotency-key': 'the first call',
    };
    const body = { epoch: lease?.epoch, model: 'm', input_tokens_max: 100, output_tokens_max: 50 };
    const reserve = (at = replica, changed = {}, headers: Record<string, string> = as) =>
      at.call('POST', path, { as: headers, body: { ...body, ...changed } });

    await using held = await holdTransaction(db, [tenant.orgId], (tx) =>
      sql`select pg_advisory_xact_lock(ledger_lock_key(${tenant.orgId}::uuid))`.execute(tx),
    );
    const asking = Promise.all([reserve(), reserve(second)]);
    await untilWaiting(owner, 2);
    await held.rollback();
    const asked = await asking;
    expect(asked.map(({ status }) => status)).toEqual([201, 201]);
    const ids = new Set(asked.map((answer) => answer.body['reservation_id']));
    expect(ids.size).toBe(1);
    const [id] = ids;
    expect((await reserve()).body['reservation_id']).toBe(id);

    const other = await reserve(replica, {}, { ...as, 'idempotency-key': 'the second call' });
    expect(other.body['reservation_id']).not.toBe(id);
    expect(await reserve(replica, { output_tokens_max: 51 })).toMatchObject({
      status: 409,
      body: { code: 'idempotency.conflict' },
    });

    await replica.call('POST', `${path}/${String(id)}/settlement`, {
      as,
      body: { epoch: lease?.epoch, input_tokens: 10, output_tokens: 5 },
    });
    expect(await reserve()).toMatchObject({ status: 409, body: { code: 'state.conflict' } });
  });

  test('of a model without a price are refused where the operator wants it', async ({
    replicaWith,
  }) => {
    const replica = replicaWith({ settings: { unpricedOwnModels: 'refuse' } });
    const worker = await replica.worker();
    const run = await replica.submit();
    const [lease] = await replica.claim(worker);
    const answer = await replica.call('POST', `/api/v1/fleet/runs/${run}/reservations`, {
      as: worker.token,
      body: { epoch: lease?.epoch, model: 'llama3', input_tokens_max: 100, output_tokens_max: 50 },
    });
    expect(answer).toMatchObject({ status: 400, body: { code: 'model.unpriced' } });
  });
});
