import { sql } from '@sagewai/postgres';
import { describe, expect } from 'vitest';

import { FixtureKey, type FleetFixture, workerOf } from '../fleet-fixture.ts';
import { fleetTest as test } from '../fleet-test.ts';
import { CLAIM, HEARTBEAT, register, REGISTER, SESSIONS } from './identity-fixture.ts';

describe('a pre-issued token', () => {
  const issue = async (replica: FleetFixture, body: object = {}) =>
    (
      await replica.call('POST', '/api/v1/fleet/tokens', {
        as: 'admin',
        body: { name: 't', ...body },
      })
    ).body;

  test('registers so many workers, each with a token of its own', async ({ replica, owner }) => {
    const issued = await issue(replica, { max_uses: 3, allowed_pools: ['gpu'] });
    const token = String(issued['token']);
    expect(token).toMatch(/^wrt-1\./);
    const key = new FixtureKey();
    const answers = [
      await register(replica, key, { enrollment: token, body: { pool: 'gpu' } }),
      await replica.call('POST', REGISTER, { as: token, body: { pool: 'gpu' } }),
      await replica.call('POST', REGISTER, { body: { enrollment_key: token, pool: 'gpu' } }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
    expect(new Set(answers.map(({ body }) => body['worker_id'])).size).toBe(3);
    expect(answers.map(({ body }) => body['generation'])).toEqual([1, undefined, undefined]);
    expect(
      await replica.call('POST', REGISTER, { as: token, body: { pool: 'gpu' } }),
    ).toMatchObject({
      status: 401,
      body: { detail: expect.stringContaining('used up') },
    });
    const { body: list } = await replica.call('GET', '/api/v1/fleet/tokens', { as: 'admin' });
    expect(list).toMatchObject({ total: 1, tokens: [{ id: issued['id'], current_uses: 3 }] });
    expect(list).not.toHaveProperty('tokens.0.token');
    const { body: keys } = await replica.call('GET', '/api/v1/fleet/enrollment-keys', {
      as: 'admin',
    });
    expect(keys).toMatchObject({ total: 0 });
    const { rows } = await sql<{ n: number }>`
      select count(*)::int as n from audit_entry where action = 'enrollment_key.used'
    `.execute(owner);
    expect(rows).toEqual([{ n: 4 }]);
  });

  test('opens no session and claims nothing, and ends when it is revoked or expires', async ({
    replica,
    owner,
  }) => {
    const { id, token } = await issue(replica);
    for (const url of [SESSIONS, HEARTBEAT, CLAIM]) {
      expect(await replica.call('POST', url, { as: String(token), body: {} })).toMatchObject({
        status: 401,
        body: { detail: expect.stringContaining('registers workers') },
      });
    }
    const register = (text: unknown) =>
      replica.call('POST', REGISTER, { as: { 'x-enrollment-key': String(text) }, body: {} });
    expect((await register(token)).status).toBe(201);
    const url = `/api/v1/fleet/tokens/${String(id)}`;
    expect((await replica.call('DELETE', url, { as: 'admin' })).status).toBe(200);
    expect((await replica.call('DELETE', url, { as: 'admin' })).status).toBe(404);
    expect((await register(token)).body['detail']).toContain('revoked');
    const { token: late } = await issue(replica);
    await sql`update enrollment_key set expires_at = app_now()`.execute(owner);
    expect((await register(late)).body['detail']).toContain('expired');
    expect((await register(`${String(late)}x`)).status).toBe(401);
  });

  test('limits the scopes of its workers, in every session', async ({ replica }) => {
    const { token } = await issue(replica, { scopes: ['heartbeat', 'report'] });
    const { body } = await replica.call('POST', REGISTER, {
      as: { 'x-enrollment-key': String(token) },
      body: {},
    });
    const worker = workerOf(body);
    const as = { 'x-worker-id': worker.id, 'x-worker-secret': worker.secret };
    const { body: session } = await replica.call('POST', SESSIONS, { as });
    for (const by of [String(session['token']), as]) {
      expect(await replica.call('POST', CLAIM, { as: by, body: {} })).toMatchObject({
        status: 403,
        body: { detail: expect.stringContaining('"claim"') },
      });
      expect((await replica.call('POST', HEARTBEAT, { as: by, body: {} })).status).toBe(200);
    }
  });
});
