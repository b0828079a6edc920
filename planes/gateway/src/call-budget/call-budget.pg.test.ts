import type { ServerResponse } from 'node:http';

import { describe, expect } from 'vitest';

import { fileWorldTest } from '../faults/file-world-fixture.ts';
import { decisionsOf, openReservations, spendOf } from '../fixture.sql.ts';
import {
  deploymentAt,
  FAST_ROUTING,
  type FakeUpstream,
  type RunningGateway,
} from '../gateway-fixture.ts';
import { flatPrice, ratesOf } from '../money/price.ts';
import { answer, ask, askStream, CHUNK } from '../routing/routing-fixture.ts';

const dearPrice = flatPrice(ratesOf({ input: 100_000n, output: 1_000_000n }));

/** Two deployments of one model: the first is dear, the second is cheap. */
const test = fileWorldTest.extend<{ gateway: RunningGateway }>({
  gateway: [
    async ({ start, upstream, second }, use) => {
      second.answer = (_, reply) => answer(reply, 200);
      const gateway = await start({
        deployments: [
          deploymentAt(upstream.url, { id: 'dear', price: dearPrice }),
          deploymentAt(second.url, { id: 'cheap' }),
          deploymentAt(upstream.url, { id: 'slow', model: 'alone' }),
          deploymentAt(second.url, { id: 'other', model: 'unpriced', price: undefined }),
        ],
        unknownPrice: 'allow',
        routing: { ...FAST_ROUTING, cooldownMs: 0, retry: { ...FAST_ROUTING.retry, retries: 5 } },
      });
      await use(gateway);
    },
    { scope: 'file' },
  ],
});

const sent = ({ asked }: FakeUpstream) => JSON.parse(String(asked.at(-1)?.body)) as object;

describe('a call that says what it may cost', () => {
  test('goes only where it cannot cost more, whatever is configured, and its decision says so', async ({
    gateway,
    key,
    upstream,
    second,
    owner,
  }) => {
    upstream.answer = (_, reply) => answer(reply, 200);
    const authorization = `Bearer ${key}`;
    for (let n = 0; n < 4; n++) {
      const answered = await gateway.post(
        '/v1/chat/completions',
        { ...ask, max_tokens: 100 },
        { authorization, 'x-sagewai-max-cost': '0.00001' },
      );
      expect(answered.status).toBe(200);
    }
    expect([upstream.asked.length, second.asked.length]).toEqual([0, 4]);
    expect((await decisionsOf(owner)).at(-1)?.decision).toMatchObject({
      candidates_refused: [{ deployment: 'dear', because: 'dear' }],
    });
    expect(await spendOf(owner)).toMatchObject([1, 2, 3, 4].map(() => ({ deployment: 'cheap' })));
  });

  test('is capped to what that pays for, where it set no limit of its own (M1)', async ({
    gateway,
    key,
    second,
  }) => {
    const body = JSON.stringify(ask);
    const inputCost = (body.length + 1_024) * 1_000;
    // Pays for 40 tokens at the cheap one, and for none at the other.
    const cost = `0.${String(inputCost + 40 * 10_000 + 1).padStart(12, '0')}`;
    const authorization = `Bearer ${key}`;
    const answered = await gateway.post('/v1/chat/completions', body, {
      authorization,
      'x-sagewai-max-cost': cost,
    });
    expect(answered.status).toBe(200);
    expect(sent(second)).toMatchObject({ max_tokens: 40 });
  });

  test('is not sent again where it may have been charged once, and is where it was not (R1)', async ({
    gateway,
    key,
    upstream,
    second,
    owner,
  }) => {
    const post = (headers: object): Promise<Response> =>
      gateway.post(
        '/v1/chat/completions',
        { ...ask, max_tokens: 100 },
        { authorization: `Bearer ${key}`, ...headers },
      );
    const ways = [
      [(reply: ServerResponse) => void reply.destroy(), { 'x-sagewai-max-cost': '1' }, 1, 502],
      [(reply: ServerResponse) => void reply.destroy(), {}, 2, 502],
      [(reply: ServerResponse) => answer(reply, 404), { 'x-sagewai-max-cost': '1' }, 2, 404],
    ] as const;
    for (const [fails, headers, attempts, status] of ways) {
      const before = upstream.asked.length + second.asked.length;
      upstream.answer = second.answer = (_, reply) => fails(reply);
      expect((await post(headers)).status).toBe(status);
      expect(upstream.asked.length + second.asked.length - before).toBe(attempts);
      expect(await openReservations(owner)).toBe(0);
    }
    second.answer = (_, reply) => answer(reply, 200);
  });

  test('and fits nowhere is refused before anything is reserved or sent', async ({
    gateway,
    key,
    upstream,
    second,
    owner,
  }) => {
    const authorization = `Bearer ${key}`;
    const before = [upstream.asked.length, second.asked.length, (await spendOf(owner)).length];
    for (const model of ['m', 'unpriced']) {
      const refused = await gateway.post(
        '/v1/chat/completions',
        { ...ask, model, max_tokens: 900 },
        { authorization, 'x-sagewai-max-cost': '0.000001' },
      );
      expect([model, refused.status, await refused.json()]).toMatchObject([
        model,
        400,
        { error: { code: 'call.over_budget', message: expect.stringContaining('0.000001') } },
      ]);
    }
    expect([upstream.asked.length, second.asked.length, (await spendOf(owner)).length]).toEqual(
      before,
    );
  });
});

test('a call that says how much may be answered is sent with that cap, or refused where it asks for more', async ({
  gateway,
  key,
  upstream,
}) => {
  upstream.answer = (_, reply) => answer(reply, 200);
  const headers = { authorization: `Bearer ${key}`, 'x-sagewai-max-tokens': '60' };
  const alone = { ...ask, model: 'alone' };
  const path = '/v1/chat/completions';
  expect((await gateway.post(path, alone, headers)).status).toBe(200);
  expect(sent(upstream)).toMatchObject({ max_tokens: 60 });
  expect((await gateway.post(path, { ...alone, n: 3 }, headers)).status).toBe(200);
  expect(sent(upstream)).toMatchObject({ max_tokens: 20 });
  expect((await gateway.post(path, { ...alone, max_tokens: 60 }, headers)).status).toBe(200);
  const refused = await gateway.post(path, { ...alone, max_tokens: 61 }, headers);
  expect([refused.status, await refused.json()]).toMatchObject([
    400,
    { error: { code: 'call.over_budget' } },
  ]);
});

describe('a call that says how long it may take', () => {
  test('is given up then, over all attempts, and what it may have cost is booked (M3)', async ({
    gateway,
    key,
    upstream,
    second,
    owner,
  }) => {
    const silent: ServerResponse[] = [];
    upstream.answer = (_, reply) => void silent.push(reply);
    second.answer = (_, reply) => void silent.push(reply);
    for (const [body, field] of [
      [ask, { 'x-sagewai-timeout': '150ms' }],
      [{ ...ask, timeout: 0.15 }, {}],
      [{ ...askStream, metadata: { sagewai_timeout: '0.15s' } }, {}],
    ] as const) {
      silent.length = 0;
      const before = (await spendOf(owner)).length;
      const startedMs = performance.now();
      const late = await gateway.post('/v1/chat/completions', body, {
        authorization: `Bearer ${key}`,
        ...field,
      });
      expect(late.status).toBe(504);
      expect(performance.now() - startedMs).toBeLessThan(900);
      // Its time is over with the first: nobody else is asked, however many retries there are.
      expect(silent).toHaveLength(1);
      expect((await spendOf(owner)).slice(before)).toMatchObject([
        { status: 'error', source: 'estimate' },
      ]);
      expect(await openReservations(owner)).toBe(0);
    }
  });

  test('does not end for it once it has begun to stream, and LiteLLM’s field stays here', async ({
    gateway,
    key,
    upstream,
  }) => {
    upstream.answer = (_, reply) => {
      reply.writeHead(200, { 'content-type': 'text/event-stream' });
      reply.write(CHUNK);
      setTimeout(() => reply.end('data: [DONE]\n\n'), 400);
    };
    const answered = await gateway.chat(key, { ...askStream, model: 'alone', timeout: 0.2 });
    expect(await answered.text()).toContain('[DONE]');
    expect(sent(upstream)).not.toHaveProperty('timeout');
  });
});
