import { Fault } from '@sagewai/fault';
import { endpoint, type Endpoint, type ProblemCode, type Surface } from '@sagewai/wire';
import { Type } from 'typebox';
import { describe, expect, test } from 'vitest';

import { ACME, createFixture, scopeReader } from './app-fixture.ts';
import type { Authenticator } from './authenticate.ts';
import { ANONYMOUS } from './caller.ts';
import { implement, implementOwn, implementStream, type Route } from './route.ts';

const bearer = (word: string): Record<string, string> => ({ authorization: `Bearer ${word}` });

const createThing = endpoint({
  id: 'things.create',
  method: 'POST',
  path: '/api/v1/things/{thing_id}',
  surface: 'own',
  summary: 'Creates a thing',
  permission: 'run:submit',
  audit: 'record',
  params: Type.Object({ thing_id: Type.String({ format: 'uuid' }) }),
  query: Type.Object({ limit: Type.Integer({ minimum: 1, default: 50 }) }),
  body: Type.Object({
    name: Type.String({ minLength: 1 }),
    kind: Type.Union([Type.Literal('a'), Type.Literal('b')]),
    inner: Type.Optional(Type.Object({ deep: Type.Boolean() })),
  }),
  output: Type.Object({ name: Type.String(), limit: Type.Integer() }),
  status: 201,
});

const THING = '/api/v1/things/01970000-0000-7000-8000-00000000000a';

const create = implementOwn(createThing, async ({ body, query }) => ({
  name: body.name,
  limit: query.limit,
  secret: 'of the inside',
}));

/** As a reader that asks the database. */
const lookUp: Authenticator = async (head) => (await scopeReader.read(head)) ?? ANONYMOUS;

/** An endpoint that throws what it is given. */
function throwing(surface: Surface, thrown: unknown, audit: 'read' | 'record' = 'read'): Route {
  const failing = endpoint({
    id: 'things.fail',
    method: 'GET',
    path: '/api/v1/fail',
    surface,
    summary: 'Fails',
    permission: 'run:read',
    audit,
    output: Type.Object({}),
  });
  return implementOwn(failing, () => Promise.reject(thrown as Error));
}

describe('a success', () => {
  test('has the declared status, the declared fields only, and the safety headers (H7)', async () => {
    const { app, counted } = createFixture([create]);
    const answer = await app.inject({
      method: 'POST',
      url: `${THING}?limit=7`,
      headers: { ...bearer('write'), 'x-request-id': 'given-1' },
      payload: { name: 'n', kind: 'a' },
    });

    expect(answer.statusCode).toBe(201);
    expect(answer.json()).toEqual({ name: 'n', limit: 7 });
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'x-request-id': 'given-1',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    });
    expect(await counted()).toEqual(['requests things.create 2xx 1']);
  });

  test('is the same at another path of the endpoint, which has its methods too', async () => {
    const alias = '/things/{thing_id}' as const;
    const { app, counted } = createFixture([
      { ...create, endpoint: { ...createThing, aliases: [alias] } },
    ]);
    const url = THING.replace('/api/v1', '');
    const payload = { name: 'n', kind: 'a' };
    const headers = bearer('write');
    const answer = await app.inject({ method: 'POST', url, headers, payload });
    expect(answer.json()).toEqual({ name: 'n', limit: 50 });
    const wrong = await app.inject({ method: 'DELETE', url });
    expect([wrong.statusCode, wrong.headers['allow']]).toEqual([405, 'POST']);
    expect(await counted()).toEqual(['requests things.create 2xx 1', 'requests none 4xx 1']);
  });

  test('fills in the defaults of its query', async () => {
    const { app } = createFixture([create]);
    const payload = { name: 'n', kind: 'b' };
    const answer = await app.inject({
      method: 'POST',
      url: THING,
      headers: bearer('admin'),
      payload,
    });
    expect(answer.json()).toEqual({ name: 'n', limit: 50 });
  });

  test('replaces a request id that is not sane', async () => {
    const { app } = createFixture([create]);
    const headers = { ...bearer('write'), 'x-request-id': 'a b\u00e9' };
    const answer = await app.inject({ method: 'POST', url: THING, headers, payload: {} });
    expect(answer.headers['x-request-id']).toMatch(/^[\da-f]{16}-\w+$/);
  });

  test('answers a union by its members, and 204 for null', async () => {
    const claim = endpoint({
      id: 'things.claim',
      method: 'POST',
      path: '/claim',
      surface: 'fleet',
      summary: 'Claims',
      permission: 'fleet:claim',
      audit: 'batch',
      body: Type.Object({ want: Type.String() }),
      output: Type.Union([
        Type.Object({ kind: Type.Literal('flat'), run_id: Type.String() }),
        Type.Object({ kind: Type.Literal('many'), leases: Type.Array(Type.String()) }),
        Type.Null(),
      ]),
    });
    const { app } = createFixture([
      implementOwn(claim, async ({ body }) => {
        if (body.want === 'flat') return { kind: 'flat' as const, run_id: 'r', hidden: 1 };
        return body.want === 'many' ? { kind: 'many' as const, leases: ['l'] } : null;
      }),
    ]);
    const ask = (want: string) =>
      app.inject({ method: 'POST', url: '/claim', headers: bearer('worker'), payload: { want } });

    expect((await ask('flat')).json()).toEqual({ kind: 'flat', run_id: 'r' });
    expect((await ask('many')).json()).toEqual({ kind: 'many', leases: ['l'] });
    const none = await ask('none');
    expect(none.statusCode).toBe(204);
    expect(none.body).toBe('');
    expect(none.headers['content-type']).toBeUndefined();
  });

  test('is answered to HEAD without its body, also where the handler writes it', async () => {
    const answer = await createFixture([]).app.inject({ method: 'HEAD', url: '/openapi.json' });
    expect(answer.statusCode).toBe(200);
    expect(answer.body).toBe('');
    expect(Number(answer.headers['content-length'])).toBeGreaterThan(100);
  });

  test('is answered to HEAD without its body', async () => {
    const list = endpoint({
      id: 'things.list',
      method: 'GET',
      path: '/things',
      surface: 'own',
      summary: 'Lists',
      permission: 'run:read',
      audit: 'read',
      output: Type.Array(Type.Integer()),
    });
    const { app } = createFixture([implementOwn(list, async () => [1, 2])]);
    const answer = await app.inject({ method: 'HEAD', url: '/things', headers: bearer('read') });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-length']).toBe('5');
    expect(answer.body).toBe('');
  });

  test('carries the headers that its handler adds', async () => {
    const handler = implementOwn(createThing, async ({ setHeader }) => {
      setHeader('location', '/x');
      return { name: '', limit: 1 };
    });
    const { app } = createFixture([handler]);
    const payload = { name: 'n', kind: 'b' };
    const answer = await app.inject({
      method: 'POST',
      url: THING,
      headers: bearer('write'),
      payload,
    });
    expect(answer.headers['location']).toBe('/x');
  });
});

describe('input', () => {
  const post = async (
    payload: unknown,
    url = THING,
    headers: Record<string, string> = {},
  ): Promise<{
    statusCode: number;
    body: { code: string; detail: string; errors?: unknown[] };
  }> => {
    const { app } = createFixture([create]);
    const answer = await app.inject({
      method: 'POST',
      url,
      headers: { ...bearer('write'), 'content-type': 'application/json', ...headers },
      payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
    });
    return { statusCode: answer.statusCode, body: answer.json() };
  };

  test('of our own administration is refused with every mistake at once', async () => {
    const { statusCode, body } = await post(
      { kind: 'c', inner: { deep: 'yes', more: 1 }, extra: 'very secret' },
      '/api/v1/things/no-uuid?limit=0&colour=red',
    );
    expect(statusCode).toBe(400);
    expect(body.code).toBe('request.invalid');
    expect(body.errors).toEqual(
      expect.arrayContaining([
        { part: 'params', path: '/thing_id', message: 'is not an id' },
        { part: 'query', path: '/limit', message: 'must be >= 1' },
        { part: 'query', path: '/colour', message: 'is not a known field' },
        { part: 'body', path: '/name', message: 'is required' },
        { part: 'body', path: '/kind', message: 'must be one of "a", "b"' },
        { part: 'body', path: '/inner/deep', message: 'must be boolean' },
        { part: 'body', path: '/inner/more', message: 'is not a known field' },
        { part: 'body', path: '/extra', message: 'is not a known field' },
      ]),
    );
    expect(body.errors).toHaveLength(8);
    expect(JSON.stringify(body)).not.toContain('very secret');
  });

  test('that is large is told its first mistake only: finding all of them has no bound', async () => {
    const mistakes = { kind: 'c', extra: 1, more: 2 };
    expect((await post({ ...mistakes, name: 'n' })).body.errors).toHaveLength(3);
    const { statusCode, body } = await post({ ...mistakes, name: 'n'.repeat(70_000) });
    expect(statusCode).toBe(400);
    expect(body.errors).toHaveLength(1);
  });

  test.each([
    ['not JSON', '{"name": "very secret"', 400, 'request.malformed'],
    ['no body', '', 400, 'request.invalid'],
    ['no object', '[]', 400, 'request.invalid'],
    ['a coerced body', '{"name":1,"kind":"a"}', 400, 'request.invalid'],
    ['a polluting body', '{"name":"n","kind":"a","__proto__":{"x":1}}', 400, 'request.invalid'],
  ])('that is %s is refused', async (_what, payload, status, code) => {
    const { statusCode, body } = await post(payload);
    expect([statusCode, body.code]).toEqual([status, code]);
    expect(JSON.stringify(body)).not.toContain('very secret');
  });

  test('that is not UTF-8 is refused', async () => {
    const { app } = createFixture([create]);
    const answer = await app.inject({
      method: 'POST',
      url: THING,
      headers: { ...bearer('write'), 'content-type': 'application/json' },
      payload: Buffer.from([0x22, 0xff, 0x22]),
    });
    expect(answer.json()).toMatchObject({ code: 'request.malformed' });
  });

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonx'])(
    'of type %s is refused',
    async (type) => {
      const { statusCode, body } = await post('a=b', THING, { 'content-type': type });
      expect([statusCode, body.code]).toEqual([415, 'request.unsupported']);
    },
  );

  test('is not even read from a caller who may not send it (H2)', async () => {
    const { app } = createFixture([create]);
    const wrong = { method: 'POST', url: THING, payload: '{' } as const;
    const headers = { 'content-type': 'application/json' };
    const unknown = await app.inject({ ...wrong, headers });
    expect(unknown.statusCode).toBe(401);
    const forbidden = await app.inject({ ...wrong, headers: { ...headers, ...bearer('read') } });
    expect(forbidden.statusCode).toBe(403);
  });

  test('that workers send may have fields of another version, which are dropped and counted', async () => {
    const report = endpoint({
      ...(createThing as Endpoint),
      id: 'things.report',
      surface: 'fleet',
      permission: 'fleet:report',
      output: Type.Unknown(),
    });
    const { app, counted } = createFixture([implementOwn(report, async ({ body }) => body)]);
    const answer = await app.inject({
      method: 'POST',
      url: `${THING}?colour=red`,
      headers: bearer('worker'),
      payload: { name: 'n', kind: 'a', later: 1, inner: { deep: true, deeper: {} } },
    });
    expect(answer.json()).toEqual({ name: 'n', kind: 'a', inner: { deep: true } });
    expect(await counted()).toContain('unknown_fields things.report 3');
  });
});

describe('callers', () => {
  test('without a credential are told how to bring one, and the refusal is recorded (H5)', async () => {
    const { app, refused, counted } = createFixture([create]);
    const answer = await app.inject({ method: 'POST', url: `${THING}?token=secret` });
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="sagewai"');
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.json()).toEqual({
      code: 'caller.unknown',
      title: 'Credentials are missing or wrong',
      status: 401,
      detail: 'A credential is required.',
      request_id: answer.headers['x-request-id'],
    });
    expect(refused).toEqual([
      {
        orgId: null,
        actor: { kind: 'anonymous', id: '', name: '' },
        action: 'things.create',
        subject: THING,
        outcome: 'caller.unknown',
        requestId: answer.headers['x-request-id'],
        details: {},
      },
    ]);
    expect(await counted()).toEqual([
      'requests things.create 4xx 1',
      'refusals things.create caller.unknown recorded 1',
    ]);
  });

  test('with too little are refused, and the refusal names them', async () => {
    const { app, refused } = createFixture([create]);
    const answer = await app.inject({ method: 'POST', url: THING, headers: bearer('read') });
    expect(answer.json()).toMatchObject({ code: 'caller.forbidden', status: 403 });
    expect(refused).toMatchObject([
      { orgId: ACME, actor: { kind: 'token', id: 'id-of-read' }, outcome: 'caller.forbidden' },
    ]);
  });

  test('with a credential that no reader knows are not taken for anonymous (H3)', async () => {
    const open = endpoint({ ...createThing, id: 'things.open', permission: 'public' });
    const { app } = createFixture([implementOwn(open, async () => ({ name: '', limit: 1 }))]);
    const request = { method: 'POST', url: THING, payload: { name: 'n', kind: 'a' } } as const;
    expect((await app.inject(request)).statusCode).toBe(201);
    const headers = { authorization: 'Basic Zm9v' };
    expect((await app.inject({ ...request, headers })).statusCode).toBe(401);
  });

  test('whose credential has to be looked up are waited for', async () => {
    const { app } = createFixture([create], { authenticate: lookUp });
    const request = { method: 'POST', url: THING, payload: { name: 'n', kind: 'a' } } as const;
    const statusFor = async (word: string): Promise<number> =>
      (await app.inject({ ...request, headers: bearer(word) })).statusCode;
    expect(await statusFor('write')).toBe(201);
    expect(await statusFor('read')).toBe(403);
    expect(await statusFor('bad')).toBe(401);
  });

  test('cannot fill the audit log with refusals; the metric has them all (H5)', async () => {
    const { app, refused, counted } = createFixture([create]);
    for (let n = 0; n < 70; n++) await app.inject({ method: 'POST', url: THING });
    await app.inject({ method: 'POST', url: THING, headers: bearer('read') });
    expect(refused.filter(({ actor }) => actor.kind === 'anonymous')).toHaveLength(60);
    expect(refused.at(-1)).toMatchObject({ actor: { name: 'read' } });
    expect(await counted()).toContain('refusals things.create caller.unknown suppressed 10');
  });

  test('reach health without being asked who they are', async () => {
    const health = endpoint({
      id: 'things.health',
      method: 'GET',
      path: '/health',
      surface: 'own',
      summary: 'Lives',
      permission: 'public',
      audit: 'skip',
      output: Type.Object({ ok: Type.Boolean() }),
    });
    const { app } = createFixture([implementOwn(health, async () => ({ ok: true }))]);
    const answer = await app.inject({ url: '/health', headers: { authorization: 'Bearer bad' } });
    expect(answer.statusCode).toBe(200);
  });
});

describe('failures', () => {
  const fault = new Fault('budget.exceeded', 'internal words', {
    detail: 'The budget of today is used up.',
    retryAfterMs: 1500,
    cause: new Error('inner words'),
  });

  test.each([
    [
      'own',
      {
        code: 'budget.exceeded',
        title: 'The budget is used up',
        status: 429,
        detail: 'The budget of today is used up.',
        request_id: 'r-1',
      },
    ],
    [
      'fleet',
      { detail: 'The budget of today is used up.', code: 'budget.exceeded', request_id: 'r-1' },
    ],
    [
      'openai',
      {
        error: {
          message: 'The budget of today is used up.',
          type: 'budget_exceeded',
          param: null,
          code: '429',
        },
      },
    ],
    [
      'litellm',
      {
        error: {
          message: 'The budget of today is used up.',
          type: 'budget_exceeded',
          param: 'None',
          code: '429',
        },
      },
    ],
    [
      'anthropic',
      {
        type: 'error',
        error: { type: 'rate_limit_error', message: 'The budget of today is used up.' },
        request_id: 'r-1',
      },
    ],
  ] as const)('have the shape of the surface %s (H7)', async (surface, body) => {
    const { app } = createFixture([throwing(surface, fault)]);
    const headers = { ...bearer('read'), 'x-request-id': 'r-1' };
    const answer = await app.inject({ url: '/api/v1/fail', headers });
    expect(answer.statusCode).toBe(429);
    expect(answer.headers['retry-after']).toBe('2');
    expect(answer.json()).toEqual(body);
  });

  test('of ours tell the log everything and the caller nothing (H6)', async () => {
    const bug = new TypeError('secret of the inside', { cause: new Error('deeper') });
    const { app, logged } = createFixture([throwing('own', bug)]);
    const answer = await app.inject({ url: '/api/v1/fail', headers: bearer('read') });
    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toMatch(/secret|deeper|TypeError|\.ts/);
    expect(logged).toMatchObject([
      { level: 'error', fields: { endpoint: 'things.fail', error: { cause: bug } } },
    ]);
  });

  test('of a handler that throws no error at all are ours too', async () => {
    const { app } = createFixture([throwing('own', 'a string')]);
    const answer = await app.inject({ url: '/api/v1/fail', headers: bearer('read') });
    expect(answer.json()).toMatchObject({ code: 'service.broken' });
  });

  test('of output that does not match its schema are ours', async () => {
    const broken = implementOwn(createThing, async () => ({ limit: 1 }) as never);
    const { app } = createFixture([broken]);
    const payload = { name: 'n', kind: 'a' };
    const answer = await app.inject({
      method: 'POST',
      url: THING,
      headers: bearer('write'),
      payload,
    });
    expect(answer.json()).toMatchObject({ code: 'service.broken' });
    expect(answer.body).not.toContain('name');
  });

  test('to answer anything where an answer is declared are ours', async () => {
    const silent = implementOwn(createThing, async () => null as never);
    const { app } = createFixture([silent]);
    const payload = { name: 'n', kind: 'a' };
    const answer = await app.inject({
      method: 'POST',
      url: THING,
      headers: bearer('write'),
      payload,
    });
    expect(answer.json()).toMatchObject({ code: 'service.broken' });
  });

  test('fill the log with a bounded number of lines', async () => {
    const { app, logged } = createFixture([throwing('own', new Error('again'))]);
    for (let n = 0; n < 70; n++) await app.inject({ url: '/api/v1/fail', headers: bearer('read') });
    expect(logged).toHaveLength(60);
  });

  test('are recorded where a success would be, and elsewhere only as refusals (H5)', async () => {
    const conflict = new Fault('state.conflict', 'no');
    const mutating = createFixture([throwing('own', conflict, 'record')]);
    await mutating.app.inject({ url: '/api/v1/fail', headers: bearer('read') });
    expect(mutating.refused).toMatchObject([{ outcome: 'state.conflict', action: 'things.fail' }]);

    const reading = createFixture([throwing('own', conflict, 'read')]);
    await reading.app.inject({ url: '/api/v1/fail', headers: bearer('read') });
    expect(reading.refused).toEqual([]);
    await reading.app.inject({ url: '/api/v1/fail' });
    expect(reading.refused).toMatchObject([{ outcome: 'caller.unknown' }]);
  });

  test('to record a refusal leave the refusal standing', async () => {
    const { app, logged } = createFixture([create], {
      auditor: {
        succeeded: () => Promise.resolve(),
        refused: () => Promise.reject(new Error('disk full')),
      },
    });
    expect((await app.inject({ method: 'POST', url: THING })).statusCode).toBe(401);
    expect(logged).toHaveLength(1);
  });

  test('of a database that is away are unavailability, not a bug', async () => {
    const { app } = createFixture([
      implement(createThing, async ({ body }) => ({ name: body.name, limit: 1 })),
    ]);
    const payload = { name: 'n', kind: 'a' };
    const answer = await app.inject({
      method: 'POST',
      url: THING,
      headers: bearer('write'),
      payload,
    });
    expect(answer.json()).toMatchObject({ code: 'service.unavailable', status: 503 });
    expect(answer.headers['retry-after']).toBe('1');
  });

  test('to say which organization are told so', async () => {
    const { app } = createFixture([
      implement(createThing, async ({ body }) => ({ name: body.name, limit: 1 })),
    ]);
    const payload = { name: 'n', kind: 'a' };
    const headers = bearer('platform');
    const answer = await app.inject({ method: 'POST', url: THING, headers, payload });
    expect(answer.json()).toMatchObject({ code: 'organization.required' });
  });
});

describe('what is no endpoint', () => {
  test.each<[string, string, ProblemCode, string | undefined]>([
    ['GET', '/nowhere', 'request.unroutable', undefined],
    ['DELETE', THING, 'request.method', 'POST'],
    ['OPTIONS', THING, 'request.method', 'POST'],
    ['POST', '/openapi.json', 'request.method', 'GET, HEAD'],
    ['GET', '/%E0%A4%A', 'request.invalid', undefined],
  ])('%s %s is a problem', async (method, url, code, allow) => {
    const { app, counted } = createFixture([create]);
    const answer = await app.inject({ method: method as 'GET', url });
    expect(answer.json()).toMatchObject({ code, request_id: answer.headers['x-request-id'] });
    expect(answer.headers['allow']).toBe(allow);
    expect(await counted()).toEqual(['requests none 4xx 1']);
  });

  test('is answered in the shape of the client that most likely asked', async () => {
    const { app } = createFixture([create]);
    const answer = await app.inject({ method: 'POST', url: '/v1/embeddings', payload: {} });
    expect(answer.json()).toMatchObject({ error: { code: 'request.unroutable', param: null } });
  });
});

describe('the start fails (H8)', () => {
  const bound = (changes: object): Route => ({
    ...create,
    endpoint: { ...createThing, ...changes },
  });
  const renamed = Type.Object({ other: Type.String() });
  test.each([
    [
      'an id twice',
      [create, bound({ path: '/x/{thing_id}' })],
      'the id things.create is used twice',
    ],
    ['a path twice', [create, bound({ id: 'things.other' })], 'is bound twice'],
    [
      'a path twice, once as an alias',
      [create, bound({ id: 'things.other', path: '/x/{thing_id}', aliases: [createThing.path] })],
      'POST /api/v1/things/{} is bound twice',
    ],
    [
      'a path twice under other names',
      [create, bound({ id: 'things.other', path: '/api/v1/things/{other}', params: renamed })],
      'POST /api/v1/things/{} is bound twice',
    ],
    ['a parameter that is not declared', [bound({ path: '/{x}' })], 'do not name the same'],
    ['an alias without its parameter', [bound({ aliases: ['/x'] })], 'do not name the same'],
    [
      'a permission that nobody can hold',
      [bound({ permission: 'things:paint' })],
      'things.create needs things:paint, which no caller can hold',
    ],
    ['a guarded endpoint that records nothing', [bound({ audit: 'skip' })], 'is not public'],
  ])('on %s', (_what, routes, message) => {
    expect(() => createFixture(routes)).toThrow(message);
  });
});

describe('a stream', () => {
  const complete = endpoint({
    id: 'models.complete',
    method: 'POST',
    path: '/v1/chat/completions',
    surface: 'openai',
    summary: 'Completes',
    permission: 'model:call',
    audit: 'batch',
    body: Type.Object({ model: Type.String() }),
    output: Type.Unknown(),
    bodyBytesMax: 100,
  });
  const echo = implementStream(complete, async ({ raw, body, reply }) => {
    reply.writeHead(200, { 'x-model': body.model });
    reply.end(raw);
  });
  const url = '/v1/chat/completions';

  test('gets the bytes as they came and the fields that it declares', async () => {
    const { app } = createFixture([echo]);
    const payload = '{ "model" :"m", "new":[1.0] }';
    const headers = { ...bearer('key'), 'content-type': 'application/json' };
    const answer = await app.inject({ method: 'POST', url, headers, payload });
    expect(answer.body).toBe(payload);
    expect(answer.headers).toMatchObject({ 'x-model': 'm' });
    expect(answer.headers['x-request-id']).toBeDefined();
  });

  test.each([
    ['{"model":1}', 'application/json', 400, { type: 'invalid_request_error', param: 'model' }],
    ['{', 'application/json', 400, { code: 'request.malformed' }],
    ['{}', 'text/plain', 415, { code: 'request.unsupported' }],
    [`{"model":"${'x'.repeat(100)}"}`, 'application/json', 413, { code: 'request.too_large' }],
  ])('refuses %s as %s with %i', async (payload, type, status, error) => {
    const { app } = createFixture([echo]);
    const headers = { ...bearer('key'), 'content-type': type };
    const answer = await app.inject({ method: 'POST', url, headers, payload });
    expect(answer.statusCode).toBe(status);
    expect(answer.json()).toMatchObject({ error });
  });

  test('refuses a caller without a key in the words of its client', async () => {
    const { app } = createFixture([echo]);
    const answer = await app.inject({ method: 'POST', url, payload: {} });
    expect(answer.statusCode).toBe(401);
    expect(answer.json()).toMatchObject({ error: { code: 'invalid_api_key' } });
  });

  test('waits for a credential that has to be looked up', async () => {
    const { app } = createFixture([echo, create], { authenticate: lookUp });
    const payload = { model: 'm' };
    const known = await app.inject({ method: 'POST', url, headers: bearer('key'), payload });
    expect(known.statusCode).toBe(200);
    const unknown = await app.inject({ method: 'POST', url, headers: bearer('bad'), payload });
    expect(unknown.statusCode).toBe(401);
  });

  test('that ends without an answer is a bug of ours', async () => {
    const { app } = createFixture([implementStream(complete, async () => {})]);
    const payload = { model: 'm' };
    const answer = await app.inject({ method: 'POST', url, headers: bearer('key'), payload });
    expect(answer.statusCode).toBe(500);
    expect(answer.json()).toMatchObject({ error: { type: 'server_error' } });
  });
});
