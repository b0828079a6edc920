import { randomUUID } from 'node:crypto';

import { type Db, sql } from '@sagewai/postgres';
import { describe, expect } from 'vitest';

import { FixtureKey, workerOf } from '../fleet-fixture.ts';
import { fleetTest as test } from '../fleet-test.ts';
import { beat, decide, HEARTBEAT, open, register } from './identity-fixture.ts';

describe('a generation', () => {
  test('is renewed by a heartbeat with a proof, and by no other', async ({ replica }) => {
    const key = new FixtureKey();
    const { token } = workerOf((await register(replica, key)).body);
    const plain = await replica.call('POST', HEARTBEAT, { as: token, body: {} });
    expect(plain.status).toBe(200);
    expect(plain.body).not.toHaveProperty('token');
    const renewed = await beat(replica, key, token, {});
    expect(renewed.body).toMatchObject({ generation: 2, token: expect.stringMatching(/^wrt-1\./) });
    expect((await beat(replica, new FixtureKey(), token, {})).status).toBe(401);
  });

  test('of a lost answer is given again for the same renewal (K1)', async ({ replica }) => {
    const key = new FixtureKey();
    const { token } = workerOf((await register(replica, key)).body);
    const jti = randomUUID();
    const lost = await beat(replica, key, token, { jti });
    const again = await beat(replica, key, token, { jti });
    expect([lost.body['generation'], again.body['generation']]).toEqual([2, 2]);
    const next = await beat(replica, key, String(again.body['token']), {});
    expect(next.body).toMatchObject({ generation: 3 });
  });

  test('that is old locks the worker, gives its runs to others, and raises an alert (K2)', async ({
    replica,
    owner,
    tenant,
  }) => {
    await sql`insert into alert_webhook (id, org_id, name, url, event_types, secret_sealed, created_by)
      values (gen_random_uuid(), ${tenant.orgId}, 'w', 'http://x/', '{}', 's', 't')`.execute(owner);
    const key = new FixtureKey();
    const worker = workerOf((await register(replica, key)).body);
    const run = await replica.submit();
    await replica.claim(worker);
    const honest = await beat(replica, key, worker.token, {});
    expect(honest.status).toBe(200);
    const thief = await beat(replica, key, worker.token, {});
    expect(thief).toMatchObject({ status: 403, body: { code: 'worker.locked' } });
    const after = await replica.call('POST', HEARTBEAT, {
      as: String(honest.body['token']),
      body: {},
    });
    expect(after).toMatchObject({ status: 403, body: { code: 'worker.locked' } });
    expect((await open(replica, key, worker, { gen: 2 })).status).toBe(403);

    expect(await replica.claim(await replica.worker())).toMatchObject([
      { run_id: run, attempt: 2 },
    ]);
    const { rows } = await sql<object>`
      select actor, subject, details::jsonb as details from audit_entry where action = 'worker.locked'
    `.execute(owner);
    expect(rows).toMatchObject([
      {
        actor: `worker:${worker.id}`,
        subject: `worker:${worker.id}`,
        details: { reason: 'its token was used twice', generation_shown: 1, generation: 2 },
      },
    ]);
    const { rows: alerts } = await sql<{ type: string; body: string }>`
      select event_type as type, body from alert_delivery
    `.execute(owner);
    expect(alerts.map(({ type }) => type)).toEqual(['worker.locked']);
    const events = await replica.call(
      'GET',
      `/api/v1/fleet/audit?event_type=worker.locked&worker_id=${worker.id}`,
      { as: 'read' },
    );
    expect(events.body['events']).toMatchObject([{ actor: `worker:${worker.id}` }]);
    expect(JSON.parse(alerts[0]?.body ?? '')).toMatchObject({ data: { worker_id: worker.id } });
    expect(await replica.metrics.render()).toContain('sagewai_worker_token_used_twice_total 1');
    const { body } = await replica.call('GET', `/api/v1/fleet/workers/${worker.id}`, {
      as: 'read',
    });
    expect(body).toMatchObject({ status: 'locked', reason: 'its token was used twice' });
  });

  test('that is old locks at the opening of a session too; an unlocked worker counts anew', async ({
    replica,
  }) => {
    const key = new FixtureKey();
    const worker = workerOf((await register(replica, key)).body);
    expect((await open(replica, key, worker, { gen: 1 })).body).toMatchObject({
      generation: 2,
      session_epoch: 2,
    });
    expect((await open(replica, key, worker, { gen: 1 })).body).toMatchObject({
      code: 'worker.locked',
    });
    expect((await decide(replica, worker.id, 'unlock')).status).toBe(200);
    expect((await open(replica, key, worker, { gen: 2 })).body).toMatchObject({ generation: 3 });
  });

  test('is not counted for a session that was replaced: that is no theft', async ({ replica }) => {
    const key = new FixtureKey();
    const worker = workerOf((await register(replica, key)).body);
    await open(replica, key, worker, { gen: 1 });
    expect((await beat(replica, key, worker.token, {})).body).toMatchObject({
      code: 'worker_session.replaced',
    });
  });

  test('that is renewed while its session is replaced is no theft either', async ({
    dispatch,
    replicaWith,
  }) => {
    let before: (() => Promise<void>) | null = null;
    const held: Db = {
      ...dispatch,
      run: async (statement) => {
        const meanwhile = statement.compile().text.includes('fleet_renew') ? before : null;
        before = meanwhile === null ? before : null;
        await meanwhile?.();
        return dispatch.run(statement);
      },
    };
    const replica = replicaWith({ dispatch: held });
    const key = new FixtureKey();
    const worker = workerOf((await register(replica, key)).body);
    before = async () => {
      expect((await open(replica, key, worker, { gen: 1 })).status).toBe(201);
    };
    const answer = await beat(replica, key, worker.token, {});
    expect(before).toBeNull();
    expect(answer.body).toMatchObject({ code: 'worker_session.replaced' });
    const { body } = await replica.call('GET', `/api/v1/fleet/workers/${worker.id}`, {
      as: 'read',
    });
    expect(body).toMatchObject({ status: 'approved' });
  });
});
