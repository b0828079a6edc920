import { Secret } from '@sagewai/config';
import { describe, expect } from 'vitest';

import { openReservations, wholeSpendOf } from '../fixture.sql.ts';
import { deploymentAt, makeKey, UPSTREAM_KEY } from '../gateway-fixture.ts';
import { flatPrice, ratesOf } from '../money/price.ts';
import { answerEvents, answerJson, worldTest as test } from '../world-fixture.ts';
import {
  BLOCK,
  BLOCK_END,
  DELTA,
  eventOf,
  MESSAGE,
  PING,
  said,
  START,
  STOP,
  STREAM,
} from './messages-fixture.ts';

const PRICE = flatPrice(
  ratesOf({ input: 1_000n, cachedInput: 100n, cacheWrite: 1_250n, output: 10_000n }),
);
// 10 plain, 4 read, 20 written for minutes and 10 for an hour at twice the input, 5 of output.
const COST = 10n * 1_000n + 4n * 100n + 20n * 1_250n + 10n * 2_000n + 5n * 10_000n;

const deployments = (url: string) => [
  deploymentAt(url, {
    endpoint: { provider: 'anthropic', baseUrl: url, credential: new Secret(UPSTREAM_KEY) },
    price: PRICE,
  }),
];
const ask = { model: 'm', max_tokens: 50, messages: [{ role: 'user', content: 'hello' }] };
const askStream = { ...ask, stream: true };

describe('a message', () => {
  test('passes through byte for byte both ways, with its headers, and is booked to the pico-dollar (M2, M5, M6)', async ({
    upstream,
    key,
    start,
    owner,
  }) => {
    const text = JSON.stringify(MESSAGE, null, 3) + '\n';
    upstream.answer = (_, reply) =>
      answerJson(reply, text, {
        headers: {
          'request-id': 'req_1',
          'anthropic-ratelimit-tokens-remaining': '7',
          'anthropic-organization-id': 'ours',
        },
      });
    const gateway = await start({ deployments: deployments(upstream.url) });
    const sent = `{"model" : "m","max_tokens":50,"system":[{"type":"text","text":"h\\u00e9"},{"type":"text","text":"b"}],"messages":[{"role":"user","content":"a"}], "x_unknown": 1.0, "context_management":{"edits":[]}}`;
    const answer = await gateway.post('/v1/messages?beta=true', sent, {
      'x-api-key': key,
      'anthropic-version': '2023-06-01',
      'anthropic-beta': 'context-management-2025-06-27,unheard-of-2030',
      'anthropic-future': 'x',
      'x-claude-code-session-id': 'session-1',
      'x-claude-code-agent-id': 'agent-1',
    });
    expect(await answer.text()).toBe(text);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('request-id')).toBe('req_1');
    expect(answer.headers.get('anthropic-ratelimit-tokens-remaining')).toBe('7');
    expect(answer.headers.get('anthropic-organization-id')).toBeNull();
    const [asked] = upstream.asked;
    expect(asked?.url).toBe('/v1/messages?beta=true');
    expect(asked?.body.toString()).toBe(sent.replace('"m"', '"m-upstream"'));
    expect(asked?.headers).toMatchObject({
      'x-api-key': UPSTREAM_KEY,
      'anthropic-version': '2023-06-01',
      'anthropic-beta': 'context-management-2025-06-27,unheard-of-2030',
      'anthropic-future': 'x',
    });
    expect(asked?.headers.authorization).toBeUndefined();
    expect(await wholeSpendOf(owner)).toEqual([
      {
        cost: COST,
        input: 44n,
        cached: 4n,
        written: 30n,
        output: 5n,
        source: 'provider',
        status: 'ok',
        deployment: 'fake',
        session: 'session-1',
        agent: 'agent-1',
      },
    ]);
    expect(await openReservations(owner)).toBe(0);
  });

  test('may bear either credential, and a version is sent where the client names none', async ({
    upstream,
    key,
    start,
  }) => {
    upstream.answer = (_, reply) => answerJson(reply, MESSAGE);
    const gateway = await start({ deployments: deployments(upstream.url) });
    for (const headers of [
      { authorization: `Bearer ${key}` },
      { authorization: `Bearer ${key}`, 'x-api-key': key },
    ]) {
      expect((await gateway.post('/v1/messages', ask, headers)).status).toBe(200);
    }
    expect(upstream.asked.at(-1)?.headers['anthropic-version']).toBe('2023-06-01');
    expect(upstream.asked.at(-1)?.headers['x-api-key']).toBe(UPSTREAM_KEY);
  });

  test('that is kept for an hour is reserved at the rate of an hour (M1)', async ({
    upstream,
    tenant,
    start,
    db,
  }) => {
    upstream.answer = (_, reply) => answerJson(reply, MESSAGE);
    const gateway = await start({ deployments: deployments(upstream.url) });
    const text = 'x'.repeat(10_000);
    const askKept = (cache_control: object) => ({
      ...ask,
      system: [{ type: 'text', text, cache_control }],
    });
    // Room for some 11,300 tokens at the rate of minutes, not at that of an hour.
    const limits = { usdPerDay: 11_300n * 1_250n + 50n * 10_000n };
    const { value } = await makeKey(db, tenant, { limits });
    const dear = await gateway.post('/v1/messages', askKept({ type: 'ephemeral', ttl: '1h' }), {
      'x-api-key': value,
    });
    expect(dear.status).toBe(429);
    const plain = await gateway.post('/v1/messages', askKept({ type: 'ephemeral' }), {
      'x-api-key': value,
    });
    expect(plain.status).toBe(200);
  });
});

test('a call that stays within the first tier is reserved at its rates (M1)', async ({
  upstream,
  tenant,
  start,
  db,
}) => {
  upstream.answer = (_, reply) => answerJson(reply, MESSAGE);
  const [base] = deployments(upstream.url);
  if (base === undefined) throw new Error('no deployment');
  const rates = ratesOf({ input: 2_500n, output: 20_000n });
  const price = { ...PRICE, tiers: [{ inputTokensAbove: 10_000, rates }] };
  const gateway = await start({ deployments: [{ ...base, price }] });
  const post = async (letters: number): Promise<number> => {
    const limits = { usdPerDay: 11_000n * 1_250n + 50n * 10_000n };
    const { value } = await makeKey(db, tenant, { limits });
    const messages = [{ role: 'user', content: 'x'.repeat(letters) }];
    const headers = { 'x-api-key': value };
    return (await gateway.post('/v1/messages', { ...ask, messages }, headers)).status;
  };
  expect(await post(8_000)).toBe(200);
  // As many tokens would do at the rates of the first tier, and might be charged at those of the next.
  expect(await post(9_500)).toBe(429);
});

describe('a message with searches of the web', () => {
  const tools = [{ type: 'web_search_20250305', name: 'web_search', max_uses: 3 }];
  const usage = { ...MESSAGE.usage, server_tool_use: { web_search_requests: 2 } };

  test('is bounded and booked with their fees (M1, M4)', async ({
    upstream,
    tenant,
    start,
    db,
    owner,
  }) => {
    const fee = 10_000_000n;
    const [base] = deployments(upstream.url);
    if (base === undefined) throw new Error('no deployment');
    const gateway = await start({
      deployments: [{ ...base, price: { ...PRICE, perSearch: fee } }],
    });
    upstream.answer = (_, reply) => answerJson(reply, { ...MESSAGE, usage });
    // Three more readings of the whole context, and three fees.
    const tokens = 3n * 100_000n * 1_250n + 50n * 10_000n;
    const post = async (usdPerDay: bigint): Promise<number> => {
      const { value } = await makeKey(db, tenant, { limits: { usdPerDay } });
      const answer = await gateway.post('/v1/messages', { ...ask, tools }, { 'x-api-key': value });
      return answer.status;
    };
    expect(await post(tokens + 2n * fee)).toBe(429);
    expect(await post(tokens + 3n * fee + 2_000n * 1_250n)).toBe(200);
    expect(await wholeSpendOf(owner)).toMatchObject([{ cost: COST + 2n * fee }]);
  });

  test('is refused where nobody knows what one costs (M4)', async ({ upstream, key, start }) => {
    const gateway = await start({ deployments: deployments(upstream.url) });
    const answer = await gateway.post('/v1/messages', { ...ask, tools }, { 'x-api-key': key });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('tools.web_search');
    expect(upstream.asked).toEqual([]);
  });
});

describe('a stream of messages', () => {
  test('passes with its pings, and does not end before it is settled (M2, M3, M5)', async ({
    upstream,
    key,
    start,
    owner,
  }) => {
    upstream.answer = (_, reply) => answerEvents(reply, STREAM);
    const gateway = await start({ deployments: deployments(upstream.url) });
    const answer = await gateway.post('/v1/messages', askStream, { 'x-api-key': key });
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    expect(await answer.text()).toBe(STREAM.join(''));
    expect(await wholeSpendOf(owner)).toMatchObject([
      { cost: COST, source: 'provider', status: 'ok' },
    ]);
  });

  test('that dies midway ends with an event that its clients parse, and the input that was told (M3)', async ({
    upstream,
    key,
    start,
    owner,
  }) => {
    upstream.answer = (_, reply) => {
      reply.writeHead(200, { 'content-type': 'text/event-stream' });
      reply.write(START + BLOCK + said('a'), () => reply.destroy());
    };
    const gateway = await start({ deployments: deployments(upstream.url) });
    const answer = await gateway.post('/v1/messages', askStream, { 'x-api-key': key });
    const events = (await answer.text()).split('\n\n').filter((event) => event !== '');
    const last = events.at(-1) ?? '';
    expect(last).toMatch(/^event: error\ndata: /);
    expect(JSON.parse(last.split('\ndata: ')[1] ?? '')).toMatchObject({
      type: 'error',
      error: { type: 'api_error' },
    });
    expect(await wholeSpendOf(owner)).toMatchObject([
      { input: 134n, cached: 4n, written: 30n, source: 'estimate', status: 'error' },
    ]);
  });

  test('whose provider gives up midway passes its words on, and is no success', async ({
    upstream,
    key,
    start,
    owner,
  }) => {
    const error = eventOf({ type: 'error', error: { type: 'overloaded_error', message: 'busy' } });
    upstream.answer = (_, reply) => answerEvents(reply, [START, PING, error]);
    const gateway = await start({ deployments: deployments(upstream.url) });
    const answer = await gateway.post('/v1/messages', askStream, { 'x-api-key': key });
    expect(await answer.text()).toBe(START + PING + error);
    expect(await wholeSpendOf(owner)).toMatchObject([{ source: 'estimate', status: 'error' }]);
  });

  test('may lack the lines that name its events', async ({ upstream, key, start, owner }) => {
    const bare = [START, BLOCK, said('a'), BLOCK_END, DELTA, STOP].map((event) =>
      event.slice(event.indexOf('data:')),
    );
    upstream.answer = (_, reply) => answerEvents(reply, bare);
    const gateway = await start({ deployments: deployments(upstream.url) });
    const answer = await gateway.post('/v1/messages', askStream, { 'x-api-key': key });
    expect(await answer.text()).toBe(bare.join(''));
    expect(await wholeSpendOf(owner)).toMatchObject([{ cost: COST, source: 'provider' }]);
  });
});

describe('a refusal', () => {
  test('of the provider is passed on in its own words, not wrapped, and costs nothing', async ({
    upstream,
    key,
    start,
    owner,
  }) => {
    const words =
      '{"type": "error", "error": {"type":"invalid_request_error","message":"Extra inputs are not permitted"},"request_id":"req_2"}';
    upstream.answer = (_, reply) =>
      answerJson(reply, words, { status: 400, headers: { 'request-id': 'req_2' } });
    const gateway = await start({ deployments: deployments(upstream.url) });
    const answer = await gateway.post('/v1/messages', ask, { 'x-api-key': key });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toBe(words);
    expect(answer.headers.get('request-id')).toBe('req_2');
    expect(await wholeSpendOf(owner)).toMatchObject([{ cost: 0n, status: 'error' }]);
  });

  test("of ours has Anthropic's shape", async ({ upstream, key, tenant, start, db }) => {
    const gateway = await start({ deployments: deployments(upstream.url) });
    const poor = (await makeKey(db, tenant, { limits: { usdPerDay: 0n } })).value;
    const errorOf = async (body: object, credential: string) => {
      const answer = await gateway.post('/v1/messages', body, { 'x-api-key': credential });
      expect(answer.headers.get('request-id')).toBe(answer.headers.get('x-request-id'));
      const { type, error } = (await answer.json()) as { type: string; error: { type: string } };
      return [answer.status, type, error.type];
    };
    expect(await errorOf(ask, 'sk-wrong')).toEqual([401, 'error', 'authentication_error']);
    expect(await errorOf({ ...ask, model: 'nope' }, key)).toEqual([
      404,
      'error',
      'not_found_error',
    ]);
    expect(await errorOf({ ...ask, max_tokens: undefined }, key)).toEqual([
      400,
      'error',
      'invalid_request_error',
    ]);
    expect(await errorOf({ ...ask, speed: 'fast' }, key)).toEqual([
      400,
      'error',
      'invalid_request_error',
    ]);
    expect(await errorOf(ask, poor)).toEqual([429, 'error', 'rate_limit_error']);
    expect(upstream.asked).toEqual([]);
  });
});
