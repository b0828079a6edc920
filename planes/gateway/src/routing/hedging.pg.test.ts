import type { ServerResponse } from 'node:http';

import { describe, expect } from 'vitest';

import { fileWorldTest } from '../faults/file-world-fixture.ts';
import { decisionsOf, openReservations, spendOf } from '../fixture.sql.ts';
import {
  FAST_ROUTING,
  type FakeUpstream,
  makeKey,
  type RunningGateway,
} from '../gateway-fixture.ts';
import { answer, ask, askStream, CHUNK, COST, pair } from './routing-fixture.ts';

const LAST =
  'data: {"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5}}\n\ndata: [DONE]\n\n';

/** Two deployments of one model; the first is preferred, and another is asked after 100 ms. */
const test = fileWorldTest.extend<{ gateway: RunningGateway }>({
  gateway: [
    async ({ start, upstream, second }, use) => {
      const traffic = {
        weight: null,
        requestsPerMinute: null,
        tokensPerMinute: null,
        timeoutMs: null,
        firstTokenMs: null,
        cooldownMs: null,
      };
      const gateway = await start({
        deployments: pair(upstream, second, [
          { traffic: { ...traffic, order: 1 } },
          { traffic: { ...traffic, order: 2 } },
        ]),
        routing: {
          ...FAST_ROUTING,
          cooldownMs: 0,
          hedging: { byDefaultMs: null, ofModelMs: new Map([['m', 100]]) },
        },
        timeouts: { connectMs: 1_000, firstByteMs: 20_000, idleMs: 20_000, clientStallMs: 1_000 },
      });
      await use(gateway);
    },
    { scope: 'file' },
  ],
});

/** Holds answers back, and tells when the gateway gave one up. */
function holding(upstream: FakeUpstream) {
  const held: ServerResponse[] = [];
  const givenUp = Promise.withResolvers<void>();
  upstream.answer = (_, reply) => {
    reply.on('close', () => reply.writableFinished || givenUp.resolve());
    held.push(reply);
  };
  return { held, givenUp: givenUp.promise };
}

describe('a call that is silent for too long (R6)', () => {
  test.for(['whole', 'stream'] as const)(
    'is sent to another deployment too; the one that answers first is told, and the other is booked (%s, M1, M3)',
    async (kind, { gateway, key, upstream, second, owner }) => {
      const first = holding(upstream);
      second.answer = (_, reply) => {
        if (kind === 'whole') return answer(reply, 200);
        reply.writeHead(200, { 'content-type': 'text/event-stream' });
        reply.end(CHUNK + LAST);
      };
      const before = (await spendOf(owner)).length;
      const answered = await gateway.chat(key, kind === 'whole' ? ask : askStream);
      expect(answered.status).toBe(200);
      expect(answered.headers.get('x-litellm-model-id')).toBe('second');
      await answered.text();
      await first.givenUp;
      const spent = (await spendOf(owner)).slice(before);
      expect(spent.toSorted((a, b) => a.deployment.localeCompare(b.deployment))).toMatchObject([
        { deployment: 'first', status: 'aborted', source: 'estimate' },
        { deployment: 'second', status: 'ok', source: 'provider', cost: COST },
      ]);
      expect(await openReservations(owner)).toBe(0);
      const lost = spent.find(({ deployment }) => deployment === 'first');
      expect((await decisionsOf(owner)).at(-1)?.decision).toMatchObject({
        rules: expect.arrayContaining(['hedge']),
        attempts: [{ deployment: 'first', because: 'hedged', call_id: lost?.id }],
      });
    },
  );

  test('is answered by the first where that one is the sooner, and the second is given up', async ({
    gateway,
    key,
    upstream,
    second,
    owner,
  }) => {
    const first = holding(upstream);
    const other = holding(second);
    const before = (await spendOf(owner)).length;
    const answering = gateway.chat(key, ask);
    await expect.poll(() => other.held.length, { timeout: 5_000 }).toBe(1);
    answer(first.held[0] as ServerResponse, 200);
    const answered = await answering;
    expect(answered.headers.get('x-litellm-model-id')).toBe('first');
    await answered.text();
    await other.givenUp;
    expect((await spendOf(owner)).slice(before)).toHaveLength(2);
  });

  test('waits for the second alone when the first fails after all, and costs nothing there', async ({
    gateway,
    key,
    upstream,
    second,
    owner,
  }) => {
    const first = holding(upstream);
    const other = holding(second);
    const before = (await spendOf(owner)).length;
    const answering = gateway.chat(key, ask);
    await expect.poll(() => other.held.length, { timeout: 5_000 }).toBe(1);
    answer(first.held[0] as ServerResponse, 503);
    await expect
      .poll(async () => (await spendOf(owner)).length, { timeout: 5_000 })
      .toBe(before + 1);
    answer(other.held[0] as ServerResponse, 200);
    expect((await answering).status).toBe(200);
    const spent = (await spendOf(owner)).slice(before);
    expect(spent).toMatchObject([
      { deployment: 'first', cost: 0n, status: 'error' },
      { deployment: 'second', cost: COST, status: 'ok' },
    ]);
  });

  test('is not sent again once a piece of a stream is there, nor where there is no money for two (M1, R2)', async ({
    gateway,
    key,
    upstream,
    second,
    tenant,
    db,
  }) => {
    const asked = second.asked.length;
    upstream.answer = (_, reply) => {
      reply.writeHead(200, { 'content-type': 'text/event-stream' });
      reply.write(CHUNK);
      setTimeout(() => reply.end(CHUNK + LAST), 300);
    };
    expect(await (await gateway.chat(key, askStream)).text()).toContain('[DONE]');
    expect(second.asked).toHaveLength(asked);
    upstream.answer = (_, reply) => void setTimeout(() => answer(reply, 200), 300);
    const once = await makeKey(db, tenant, { limits: { requestsPerMinute: 1n } });
    expect((await gateway.chat(once.value, ask)).status).toBe(200);
    expect(second.asked).toHaveLength(asked);
    // One that says what it may cost at most could cost it twice.
    const bound = { authorization: `Bearer ${key}`, 'x-sagewai-max-cost': '1' };
    expect((await gateway.post('/v1/chat/completions', ask, bound)).status).toBe(200);
    expect(second.asked).toHaveLength(asked);
    expect(await gateway.metrics()).toMatch(/sagewai_model_hedges_total\{outcome="refused"\} 1/);
  });
});
