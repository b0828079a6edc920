import { randomUUID } from 'node:crypto';

import { describe, expect } from 'vitest';

import { FixtureKey, workerOf } from '../fleet-fixture.ts';
import { fleetTest as test } from '../fleet-test.ts';
import {
  CLAIM,
  decide,
  HEARTBEAT,
  makeKey,
  open,
  register,
  REGISTER,
  SESSIONS,
} from './identity-fixture.ts';

describe('a key pair', () => {
  test('is proved at registration, and its token is bound to it', async ({ replica }) => {
    const key = new FixtureKey();
    const { status, body } = await register(replica, key);
    expect({ status, body }).toMatchObject({
      status: 201,
      body: { generation: 1, token_renew_in_ms: 450_000 },
    });
    const [, claims = ''] = String(body['token']).slice('wrt-1.'.length).split('.');
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
      gen: 1,
      cnf: { jkt: expect.stringMatching(/^[\w-]{43}$/) },
    });
  });

  test('is not taken without a proof, with a wrong one, or with one that was used (K3)', async ({
    replica,
  }) => {
    const key = new FixtureKey();
    const enrollment = await makeKey(replica);
    const shown = { 'x-enrollment-key': enrollment };
    const body = { public_key: key.jwk };
    const refusedFor = async (as: Record<string, string>) => {
      const answer = await replica.call('POST', REGISTER, { as: { ...shown, ...as }, body });
      expect(answer).toMatchObject({ status: 401, body: { code: 'proof.required' } });
      return answer.body['detail'];
    };
    await refusedFor({});
    await refusedFor(new FixtureKey().proof(REGISTER, enrollment));
    await refusedFor(key.proof(REGISTER, 'another key'));
    await refusedFor(key.proof(REGISTER, enrollment, { iat: 1 }));
    const once = key.proof(REGISTER, enrollment);
    const first = await replica.call('POST', REGISTER, { as: { ...shown, ...once }, body });
    expect(first.status).toBe(201);
    expect(await refusedFor(once)).toContain('used before');
  });

  test('that is banned is refused at registration too; an evicted one is not', async ({
    replica,
  }) => {
    const [banned, evicted] = [new FixtureKey(), new FixtureKey()];
    for (const [key, decision] of [
      [banned, 'ban'],
      [evicted, 'evict'],
    ] as const) {
      const { body } = await register(replica, key);
      expect((await decide(replica, String(body['worker_id']), decision)).status).toBe(200);
    }
    expect(await register(replica, banned)).toMatchObject({
      status: 403,
      body: { code: 'worker.banned' },
    });
    expect((await register(replica, evicted)).status).toBe(201);
  });

  test('makes a lost answer harmless: the registration again is the same worker, and no other use', async ({
    replica,
  }) => {
    const key = new FixtureKey();
    const enrollment = await makeKey(replica, { single_use: true });
    const lost = await register(replica, key, { enrollment });
    const again = await register(replica, key, { enrollment });
    expect(again.body['worker_id']).toBe(lost.body['worker_id']);
    const worker = workerOf(again.body);
    expect((await open(replica, key, worker, { gen: 1 })).status).toBe(201);
    // It has acted since: another registration is another worker, and the key has no use left.
    expect((await register(replica, key, { enrollment })).status).toBe(401);
    expect((await open(replica, key, workerOf(lost.body), { gen: 1 })).status).toBe(401);
  });

  test('is needed with the secret: stolen alone, it opens and calls nothing', async ({
    replica,
  }) => {
    const key = new FixtureKey();
    const { body } = await register(replica, key);
    const { id, secret } = workerOf(body);
    const as = { 'x-worker-id': id, 'x-worker-secret': secret };
    for (const url of [SESSIONS, HEARTBEAT, CLAIM, REGISTER]) {
      expect(await replica.call('POST', url, { as, body: {} })).toMatchObject({
        status: 401,
        body: { code: 'proof.required' },
      });
    }
    expect((await open(replica, new FixtureKey(), { id, secret }, { gen: 1 })).status).toBe(401);
    expect((await open(replica, key, { id, secret }, { gen: 1 })).status).toBe(201);
  });

  test('can be brought later by a worker that has none, once', async ({ replica }) => {
    const { id, secret } = await replica.worker();
    const key = new FixtureKey();
    const bring = (brought: FixtureKey, shown: string) =>
      replica.call('POST', REGISTER, {
        as: {
          'x-worker-id': id,
          'x-worker-secret': shown,
          ...brought.proof(REGISTER, shown, { gen: 0 }),
        },
        body: { public_key: brought.jwk },
      });
    const bound = await bring(key, secret);
    expect(bound).toMatchObject({ status: 201, body: { worker_id: id, generation: 1 } });
    const fresh = String(bound.body['worker_secret']);
    expect((await bring(new FixtureKey(), fresh)).status).toBe(401);
    expect((await open(replica, key, { id, secret: fresh }, { gen: 1 })).body).toMatchObject({
      generation: 2,
    });
  });
});

test('a key pair whose bringing was not answered is brought again by the same name (K1)', async ({
  replica,
}) => {
  const { id, secret } = await replica.worker();
  const [key, jti] = [new FixtureKey(), randomUUID()];
  const bring = (name: string) =>
    replica.call('POST', REGISTER, {
      as: {
        'x-worker-id': id,
        'x-worker-secret': secret,
        ...key.proof(REGISTER, secret, { jti: name }),
      },
      body: { public_key: key.jwk },
    });
  const lost = await bring(jti);
  const again = await bring(jti);
  expect([lost, again].map(({ body }) => [body['worker_id'], body['generation']])).toEqual([
    [id, 1],
    [id, 1],
  ]);
  // What was shown still opens: no answer has to arrive for it.
  expect(again.body['worker_secret']).toBe(secret);
  expect((await open(replica, key, { id, secret }, { gen: 1 })).body).toMatchObject({
    generation: 2,
  });
  expect((await bring(randomUUID())).body).toMatchObject({ code: 'worker.locked' });
});
