import { randomUUID } from 'node:crypto';

import { sql } from '@sagewai/postgres';
import { type Endpoint, ENDPOINTS, WORKER_SCOPES } from '@sagewai/wire';
import { describe, expect } from 'vitest';

import { type Answer, FixtureKey, type FleetFixture, workerOf } from '../fleet-fixture.ts';
import { fleetTest as test } from '../fleet-test.ts';

const REGISTER = '/api/v1/fleet/register';
const SESSIONS = '/api/v1/fleet/sessions';
const HEARTBEAT = '/api/v1/fleet/heartbeat';
const CLAIM = '/api/v1/fleet/claim';
const REPORT = '/api/v1/fleet/report';
const NOBODY = '0199aaaa-0000-7000-8000-000000000001';

type Proof = Record<string, unknown>;

async function makeKey(replica: FleetFixture, limits: object = {}): Promise<string> {
  const { body } = await replica.call('POST', '/api/v1/fleet/enrollment-keys', {
    as: 'admin',
    body: { name: 'k', ...limits },
  });
  return String(body['key']);
}

interface RegisterOptions {
  readonly enrollment?: string;
  readonly proof?: Proof;
  readonly body?: object;
}

async function register(
  replica: FleetFixture,
  key: FixtureKey,
  { enrollment, proof = {}, body = {} }: RegisterOptions = {},
): Promise<Answer> {
  const shown = enrollment ?? (await makeKey(replica));
  return replica.call('POST', REGISTER, {
    as: { 'x-enrollment-key': shown, ...key.proof(REGISTER, shown, proof) },
    body: { public_key: key.jwk, ...body },
  });
}

const settings = (replica: FleetFixture, body: object): Promise<Answer> =>
  replica.call('PUT', '/api/v1/fleet/settings', { as: 'admin', body });

const beat = (
  replica: FleetFixture,
  key: FixtureKey,
  token: string,
  proof: Proof,
): Promise<Answer> =>
  replica.call('POST', HEARTBEAT, {
    as: { authorization: `Bearer ${token}`, ...key.proof(HEARTBEAT, token, proof) },
    body: {},
  });

const open = (
  replica: FleetFixture,
  key: FixtureKey,
  worker: { readonly id: string; readonly secret: string },
  proof: Proof,
): Promise<Answer> =>
  replica.call('POST', SESSIONS, {
    as: {
      'x-worker-id': worker.id,
      'x-worker-secret': worker.secret,
      ...key.proof(SESSIONS, worker.secret, proof),
    },
  });

const decide = (replica: FleetFixture, id: string, decision: string): Promise<Answer> =>
  replica.call('POST', `/api/v1/fleet/workers/${id}/${decision}`, { as: 'admin', body: {} });

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
  }) => {
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
});

describe('enforcement', () => {
  test('strict refuses what has no key pair, and a worker without one may bring it', async ({
    replica,
  }) => {
    const old = await replica.worker();
    const as = { 'x-worker-id': old.id, 'x-worker-secret': old.secret };
    expect((await replica.call('POST', HEARTBEAT, { as, body: {} })).status).toBe(200);
    await settings(replica, { enforcement: 'strict' });
    for (const [url, by] of [
      [HEARTBEAT, as],
      [HEARTBEAT, old.token],
      [CLAIM, old.token],
      [SESSIONS, as],
      [REGISTER, { 'x-enrollment-key': await makeKey(replica) }],
    ] as const) {
      expect(await replica.call('POST', url, { as: by, body: {} })).toMatchObject({
        status: 401,
        body: { code: 'proof.required' },
      });
    }
    const key = new FixtureKey();
    const bound = await replica.call('POST', REGISTER, {
      as: { ...as, ...key.proof(REGISTER, old.secret) },
      body: { public_key: key.jwk },
    });
    expect(bound.status).toBe(201);
    const { token } = workerOf(bound.body);
    expect((await replica.call('POST', HEARTBEAT, { as: token, body: {} })).status).toBe(200);
    expect((await register(replica, new FixtureKey())).status).toBe(201);
  });

  test('warn lets everything through, and writes down what strict would refuse', async ({
    replicaWith,
    owner,
  }) => {
    const replica = replicaWith({ settings: { openRegistration: true } });
    await settings(replica, { enforcement: 'warn' });
    const stranger = await replica.call('POST', REGISTER, { body: {} });
    expect(stranger.status).toBe(201);
    const { id, secret } = await replica.worker();
    const as = { 'x-worker-id': id, 'x-worker-secret': secret };
    expect((await replica.call('POST', SESSIONS, { as })).status).toBe(201);
    expect((await replica.call('POST', HEARTBEAT, { as, body: {} })).status).toBe(200);
    const { rows } = await sql<{ subject: string; reason: string }>`
      select subject, details::jsonb ->> 'reason' as reason from audit_entry
      where action = 'enforcement.would_refuse' order by seq
    `.execute(owner);
    expect(rows).toEqual([
      {
        subject: `worker:${String(stranger.body['worker_id'])}`,
        reason:
          'it registers without an enrollment key or an access token; it registers without a key pair',
      },
      { subject: `worker:${id}`, reason: 'it registers without a key pair' },
      { subject: `worker:${id}`, reason: 'its session is not bound to a key pair' },
    ]);
    const metrics = await replica.metrics.render();
    expect(metrics).toContain(
      'sagewai_enforcement_findings_total{mode="warn",finding="unbound_call"} 1',
    );
    expect(metrics).toContain(
      'sagewai_enforcement_findings_total{mode="warn",finding="no_key_pair"} 2',
    );
  });
});

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

describe('scopes', () => {
  const CALLS = [
    [CLAIM, 'claim', { poll_timeout: 0 }],
    [REPORT, 'report', { run_id: NOBODY, epoch: 1 }],
    [`${REPORT}/batch`, 'report', { reports: [{ run_id: NOBODY, epoch: 1 }] }],
    [HEARTBEAT, 'heartbeat', {}],
    [SESSIONS, 'heartbeat', undefined],
    [
      `/api/v1/fleet/runs/${NOBODY}/reservations`,
      'report',
      { epoch: 1, model: 'm', input_tokens_max: 1, output_tokens_max: 1 },
    ],
    [
      `/api/v1/fleet/runs/${NOBODY}/reservations/${NOBODY}/settlement`,
      'report',
      { epoch: 1, input_tokens: 1, output_tokens: 1 },
    ],
    [
      `/api/v1/fleet/runs/${NOBODY}/events`,
      'report',
      { epoch: 1, first: 1, events: [{ kind: 'log', text: 'x' }] },
    ],
    [
      `/api/v1/fleet/runs/${NOBODY}/wait`,
      'report',
      { epoch: 1, for: 'signal', name: 'x', timeout_seconds: 1 },
    ],
  ] as const;

  test('every endpoint for workers is tried below', () => {
    const endpoints: readonly Endpoint[] = ENDPOINTS;
    const asked = endpoints.filter(({ permission }) =>
      ['fleet:claim', 'fleet:report', 'fleet:heartbeat'].includes(permission),
    );
    const tried = CALLS.map(([url]) => url.replaceAll(NOBODY, '*'));
    expect(tried.toSorted()).toEqual(
      asked.map(({ path }) => path.replaceAll(/\{\w+\}/g, '*')).toSorted(),
    );
  });

  test.for(WORKER_SCOPES)(
    'a token without %s is refused exactly where it is asked for',
    async (missing, { replica }) => {
      const { id } = await replica.worker();
      const scopes = WORKER_SCOPES.filter((scope) => scope !== missing);
      const { body: issued } = await replica.call('POST', `/api/v1/fleet/workers/${id}/tokens`, {
        as: 'admin',
        body: { scopes },
      });
      for (const [url, scope, body] of CALLS) {
        const answer = await replica.call('POST', url, {
          as: String(issued['token']),
          ...(body === undefined ? {} : { body }),
        });
        const isRefused =
          answer.status === 403 && String(answer.body['detail']).includes(`the scope "${missing}"`);
        expect({ url, isRefused }).toEqual({ url, isRefused: scope === missing });
        if (!isRefused) expect(answer.status).not.toBe(403);
      }
    },
  );
});
