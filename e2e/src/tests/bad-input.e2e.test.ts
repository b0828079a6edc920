import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { ask, bearer, type Request } from '../harness/api.ts';
import { query } from '../harness/database.ts';
import { cluster } from '../harness/e2e-test.ts';
import { install, type Installation, makeKey } from '../harness/installation.ts';
import { openStage, type Stage } from '../harness/stage.ts';

const MODELS = [{ name: 'scripted', inputPrice: 0.000_001, outputPrice: 0.000_002 }];
const BODY_BYTES_MAX = 65_536;

let stage: Stage;
let installation: Installation;
let virtualKey: string;

beforeAll(async () => {
  stage = await openStage();
  const environment = { BODY_BYTES_MAX: String(BODY_BYTES_MAX) };
  installation = await install(stage, cluster(), { models: MODELS, environment });
  ({ key: virtualKey } = await makeKey(installation.server, { models: ['scripted'] }));
});
afterAll(() => stage.close());

interface Case {
  readonly what: string;
  readonly path: string;
  readonly request: Request;
  readonly status: number;
  readonly code: string;
}

const administrator = (): Record<string, string> => bearer(installation.server.administrator);
const huge = JSON.stringify({ name: 'x'.repeat(BODY_BYTES_MAX) });

async function send({ path, request }: Case, headers: Record<string, string>) {
  const own = { ...headers, ...request.headers };
  return ask(`${installation.server.url}${path}`, { ...request, headers: own });
}

describe('our own surface answers with problems (RFC 9457)', () => {
  const keys = '/api/v1/keys';
  test.for<Case>([
    {
      what: 'malformed JSON',
      path: keys,
      request: { raw: '{"name":' },
      status: 400,
      code: 'request.malformed',
    },
    {
      what: 'an unknown field',
      path: keys,
      request: { body: { name: 'k', colour: 'red' } },
      status: 400,
      code: 'request.invalid',
    },
    {
      what: 'a wrong type',
      path: keys,
      request: { body: { name: 7 } },
      status: 400,
      code: 'request.invalid',
    },
    {
      what: 'a missing field',
      path: keys,
      request: { body: {} },
      status: 400,
      code: 'request.invalid',
    },
    {
      what: 'an oversized body',
      path: keys,
      request: { raw: huge },
      status: 413,
      code: 'request.too_large',
    },
    {
      what: 'another content type',
      path: keys,
      request: { raw: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      status: 415,
      code: 'request.unsupported',
    },
    {
      what: 'no token',
      path: keys,
      request: { headers: { authorization: '' } },
      status: 401,
      code: 'caller.unknown',
    },
    {
      what: 'a bad token',
      path: keys,
      request: { headers: bearer('sat-nobody') },
      status: 401,
      code: 'caller.unknown',
    },
    {
      what: 'no such endpoint',
      path: '/api/v1/nowhere',
      request: {},
      status: 404,
      code: 'request.unroutable',
    },
    {
      what: 'no such method',
      path: keys,
      request: { method: 'DELETE' },
      status: 405,
      code: 'request.method',
    },
    {
      what: 'an id that is none',
      path: '/api/v1/runs/seven',
      request: {},
      status: 400,
      code: 'request.invalid',
    },
    {
      what: 'a run that is not there',
      path: '/api/v1/runs/01900000-0000-7000-8000-000000000000',
      request: {},
      status: 404,
      code: 'resource.missing',
    },
    {
      what: 'no such organization',
      path: keys,
      request: { headers: { 'x-organization': 'nobody' } },
      status: 404,
      code: 'organization.missing',
    },
  ])('$what: $status $code', async (one) => {
    const answer = await send(one, administrator());
    expect(answer.status).toBe(one.status);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.json).toMatchObject({
      code: one.code,
      status: one.status,
      title: expect.any(String),
      request_id: expect.any(String),
    });
    expect(answer.text).not.toContain('node_modules');
  });
});

describe('the fleet surface answers with detail, code and request id', () => {
  const register = '/api/v1/fleet/register';
  const withKey = (key: string): Request => ({
    headers: { 'x-enrollment-key': key },
    body: { name: 'w', models: ['scripted'] },
  });

  test.for<Case>([
    {
      what: 'malformed JSON',
      path: register,
      request: { raw: '{' },
      status: 400,
      code: 'request.malformed',
    },
    {
      what: 'a wrong type',
      path: register,
      request: { body: { name: 7 } },
      status: 400,
      code: 'request.invalid',
    },
    {
      what: 'an oversized body',
      path: register,
      request: { raw: 'x'.repeat(300_000) },
      status: 413,
      code: 'request.too_large',
    },
    {
      what: 'a bad enrollment key',
      path: register,
      request: withKey('sk-fleet-nobody'),
      status: 401,
      code: 'enrollment.invalid',
    },
    {
      what: 'a bad worker token',
      path: '/api/v1/fleet/claim',
      request: { body: {}, headers: bearer('wrt-1.a.b.c') },
      status: 401,
      code: 'caller.unknown',
    },
    {
      what: 'a bad worker secret',
      path: '/api/v1/fleet/heartbeat',
      request: {
        body: {},
        headers: {
          'x-worker-id': '01900000-0000-7000-8000-000000000000',
          'x-worker-secret': 'guess',
        },
      },
      status: 401,
      code: 'caller.unknown',
    },
    {
      what: 'no credential',
      path: '/api/v1/fleet/claim',
      request: { body: {} },
      status: 401,
      code: 'caller.unknown',
    },
  ])('$what: $status $code', async (one) => {
    const answer = await send(one, {});
    expect(answer.status).toBe(one.status);
    expect(answer.json).toEqual({
      detail: expect.any(String),
      code: one.code,
      request_id: expect.any(String),
    });
  });

  test('an expired key and a used-up one enroll nobody; unknown fields are no fault', async () => {
    const { server, database } = installation;
    const make = (body: object) =>
      server.askWell('/api/v1/fleet/enrollment-keys', { body: { name: 'one use', ...body } });
    const { key } = await make({ max_uses: 1 });
    const further = {
      ...withKey(key),
      body: { name: 'w', models: ['scripted'], from_the_future: true },
    };
    expect((await ask(`${server.url}${register}`, further)).status).toBe(201);
    const used = await ask(`${server.url}${register}`, withKey(key));
    expect([used.status, used.json.code]).toEqual([401, 'enrollment.invalid']);

    const expired = await make({ expires_in_seconds: 60 });
    await query(
      database.adminUrl,
      `update enrollment_key set expires_at = now() - interval '1 second' where id = $1`,
      [expired.id],
    );
    const late = await ask(`${server.url}${register}`, withKey(expired.key));
    expect([late.status, late.json.code]).toEqual([401, 'enrollment.invalid']);
  });
});

describe('the surface of OpenAI answers in the shape that its clients parse', () => {
  const chat = '/v1/chat/completions';
  const body = (further: object): Request => ({
    body: { model: 'scripted', messages: [], ...further },
  });

  test.for<Omit<Case, 'code'>>([
    { what: 'malformed JSON', path: chat, request: { raw: '{"model"' }, status: 400 },
    { what: 'a wrong type', path: chat, request: body({ messages: 'hello' }), status: 400 },
    { what: 'a missing field', path: chat, request: { body: { model: 'scripted' } }, status: 400 },
    { what: 'an unknown model', path: chat, request: body({ model: 'unheard-of' }), status: 404 },
    {
      what: 'a model that the key may not call',
      path: chat,
      request: body({ model: 'simulated' }),
      status: 403,
    },
    { what: 'an oversized body', path: chat, request: { raw: huge }, status: 413 },
    {
      what: 'a bad key',
      path: chat,
      request: { ...body({}), headers: bearer('sk-nobody') },
      status: 401,
    },
    {
      what: 'no key',
      path: chat,
      request: { ...body({}), headers: { authorization: '' } },
      status: 401,
    },
  ])('$what: $status', async (one) => {
    const answer = await send({ ...one, code: '' }, bearer(virtualKey));
    expect(answer.status).toBe(one.status);
    expect(answer.json.error).toMatchObject({
      message: expect.any(String),
      type: expect.any(String),
    });
    expect(Object.keys(answer.json.error)).toEqual(
      expect.arrayContaining(['message', 'type', 'param', 'code']),
    );
    expect(answer.headers.get('content-type')).toContain('application/json');
  });

  test('unknown fields pass on', async () => {
    const answer = await send(
      { what: '', path: chat, request: body({ invented: { by: 'us' } }), status: 200, code: '' },
      bearer(virtualKey),
    );
    expect(answer.status).toBe(200);
  });
});
