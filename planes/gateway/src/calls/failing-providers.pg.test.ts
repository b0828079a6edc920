import { describe, expect } from 'vitest';

import {
  deploymentAt,
  FAST_ROUTING,
  makeKey,
  startFakeUpstream,
  UPSTREAM_KEY,
} from '../gateway-fixture.ts';
import {
  answerJson,
  ask,
  askStream,
  COST,
  DONE,
  hotPathTest as test,
  reservations,
  spendOf,
} from './fixture.sql.ts';

describe('a provider that fails', () => {
  test.for([401, 403])(
    'of our credential (%i) is told without its words (M6)',
    async (status, { upstream, tenant, start, db }) => {
      const words = `{"error":{"message":"Incorrect API key provided: ${UPSTREAM_KEY}"}}`;
      upstream.answer = (_, reply) => answerJson(reply, words, status);
      const gateway = await start();
      const key = await makeKey(db, tenant);
      const answer = await gateway.chat(key.value, ask);
      expect(answer.status).toBe(502);
      const text = await answer.text();
      expect(text).toContain('upstream.refused');
      expect(text).not.toContain(UPSTREAM_KEY);
    },
  );

  test('keeps its own words and status, and costs nothing', async ({
    upstream,
    tenant,
    start,
    db,
    owner,
  }) => {
    const words =
      '{"error":{"message":"context too long","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}';
    upstream.answer = (_, reply) => answerJson(reply, words, 400);
    const key = await makeKey(db, tenant);
    const answer = await (await start()).chat(key.value, askStream);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toBe(words);
    expect(await spendOf(owner)).toMatchObject([{ cost: 0n, status: 'error', source: 'provider' }]);
  });

  test.for([
    ['a page of a proxy', 503, '<html>Service Unavailable</html>', 'server_error'],
    ['nothing', 429, '', 'rate_limit_error'],
  ] as const)(
    'by refusing with %s keeps its status, in words that clients read',
    async ([, status, words, type], { upstream, tenant, start, db, owner }) => {
      upstream.answer = (_, reply) => {
        reply.writeHead(status, { 'content-type': 'text/html', 'retry-after': '7' });
        reply.end(words);
      };
      const key = await makeKey(db, tenant);
      const answer = await (await start()).chat(key.value, ask);
      expect(answer.status).toBe(status);
      expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
      expect(answer.headers.get('retry-after')).toBe('7');
      expect(await answer.json()).toMatchObject({ error: { type, code: 'upstream.broken' } });
      expect(await spendOf(owner)).toMatchObject([{ cost: 0n, status: 'error' }]);
    },
  );

  test('by a stream that is none ends it with an error, not as if it were whole', async ({
    upstream,
    tenant,
    start,
    db,
    owner,
  }) => {
    upstream.answer = (_, reply) => {
      reply.writeHead(200, { 'content-type': 'text/event-stream' });
      reply.end('what is this');
    };
    const key = await makeKey(db, tenant);
    const answer = await (await start()).chat(key.value, askStream);
    const [last] = (await answer.text()).trim().split('\n\n').slice(-1);
    expect(last).toMatch(/^data: \{"error":\{.*"code":"upstream.broken"/);
    expect(await spendOf(owner)).toMatchObject([{ status: 'error', source: 'estimate' }]);
  });

  test('by being away is a 502 that says to retry, and costs nothing', async ({
    tenant,
    start,
    db,
    owner,
    upstream,
  }) => {
    await upstream.close();
    const key = await makeKey(db, tenant);
    const answer = await (await start()).chat(key.value, ask);
    expect(answer.status).toBe(502);
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(await answer.json()).toMatchObject({ error: { type: 'server_error', param: null } });
    expect(await spendOf(owner)).toMatchObject([{ cost: 0n, status: 'error' }]);
  });

  test('by silence is a 504, and may have charged', async ({
    upstream,
    tenant,
    start,
    db,
    owner,
  }) => {
    upstream.answer = () => {};
    const key = await makeKey(db, tenant);
    const gateway = await start({
      timeouts: { connectMs: 500, firstByteMs: 500, idleMs: 500, clientStallMs: 500 },
    });
    const answer = await gateway.chat(key.value, ask);
    expect(answer.status).toBe(504);
    const [row] = await spendOf(owner);
    expect(row).toMatchObject({ status: 'error', source: 'estimate', output: 0n });
    expect(row?.cost).toBeGreaterThan(0n);
  });

  test('by hanging up is a 502, is not repeated there, and may have charged', async ({
    upstream,
    tenant,
    start,
    db,
    owner,
  }) => {
    const gateway = await start();
    const key = await makeKey(db, tenant);
    const answer = await gateway.chat(key.value, ask);
    expect(answer.status).toBe(502);
    await answer.text();
    expect(upstream.asked).toHaveLength(1);
    expect(await spendOf(owner)).toMatchObject([{ status: 'error', source: 'estimate' }]);
  });

  test.for([
    ['text', { 'content-type': 'text/html' }, '<html>'],
    ['text that says it is JSON', { 'content-type': 'application/json' }, '<html>'],
    ['a list', { 'content-type': 'application/json' }, '[]'],
    ['compressed bytes', { 'content-type': 'application/json', 'content-encoding': 'gzip' }, 'x'],
    [
      'more than is taken',
      { 'content-type': 'application/json' },
      `{"x":"${'x'.repeat(100_000)}"}`,
    ],
    ['events to who asked for one object', { 'content-type': 'text/event-stream' }, DONE],
  ] as const)(
    'by answering %s is a 502',
    async ([, headers, text], { upstream, tenant, start, db, owner }) => {
      upstream.answer = (_, reply) => {
        reply.writeHead(200, headers);
        reply.end(text);
      };
      const key = await makeKey(db, tenant);
      const answer = await (await start()).chat(key.value, ask);
      expect(answer.status).toBe(502);
      expect(answer.headers.get('x-sagewai-route')).toMatch(/^fake/);
      expect(answer.headers.get('x-litellm-call-id')).toMatch(/^[\da-f]{8}-/);
      expect(await answer.json()).toMatchObject({ error: { code: 'upstream.broken' } });
      expect(await spendOf(owner)).toMatchObject([{ status: 'error', source: 'estimate' }]);
      expect(await reservations(owner)).toBe(0);
    },
  );

  test('by redirecting is a 502: a credential goes nowhere else (M6)', async ({
    upstream,
    tenant,
    start,
    db,
  }) => {
    upstream.answer = (_, reply) => {
      reply.writeHead(307, { location: '/elsewhere', 'content-type': 'application/json' });
      reply.end('{}');
    };
    const key = await makeKey(db, tenant);
    expect((await (await start()).chat(key.value, ask)).status).toBe(502);
    expect(upstream.asked).toHaveLength(1);
  });

  test('is replaced by another deployment before the first byte, and passed over for a while', async ({
    upstream,
    tenant,
    start,
    db,
    owner,
  }) => {
    const other = await startFakeUpstream();
    other.answer = (_, reply) => answerJson(reply);
    upstream.answer = (_, reply) => answerJson(reply, { error: { message: 'down' } }, 503);
    const second = deploymentAt(other.url, { id: 'second', upstreamModel: 'other-name' });
    const gateway = await start({
      deployments: [deploymentAt(upstream.url), second],
      routing: { ...FAST_ROUTING, allowedFails: 0 },
    });
    const key = await makeKey(db, tenant);
    for (let index = 0; index < 4; index++) {
      const answer = await gateway.chat(key.value, ask);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('x-litellm-model-id')).toBe('second');
      await answer.text();
    }
    expect(upstream.asked).toHaveLength(1);
    expect(other.asked).toHaveLength(4);
    expect(JSON.parse(other.asked[0]?.body.toString() ?? '')).toMatchObject({
      model: 'other-name',
    });
    expect(await spendOf(owner)).toMatchObject(Array(4).fill({ cost: COST, deployment: 'second' }));
    await other.close();
  });
});
