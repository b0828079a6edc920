import { listSpend, setBudgets, UNLIMITED } from '@sagewai/ledger';
import type { Db } from '@sagewai/postgres';
import { inTenant, sql } from '@sagewai/postgres';
import { makeTenant, type Tenant } from '@sagewai/testing';
import { describe, expect, onTestFinished } from 'vitest';

import { decisionsOf, openReservations, spendOf } from '../fixture.sql.ts';
import {
  deploymentAt,
  FAST_ROUTING,
  type FakeUpstream,
  makeKey,
  PRICE,
  type RunningGateway,
  startFakeUpstream,
} from '../gateway-fixture.ts';
import { NO_FALLBACKS } from '../routing/fallbacks.ts';
import { PLAIN_TRAFFIC } from '../routing/routing.ts';
import { answerEvents, answerJson, worldTest as test } from '../world-fixture.ts';
import type { CacheRules } from './read-controls.ts';

const ASK = { model: 'm', messages: [{ role: 'user', content: 'hello' }] };
const ANSWER = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'm-upstream',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
};
/** 5 × 1000 + 2 × 10000. */
const COST = 25_000n;
const ALWAYS: CacheRules = { when: 'always', ttlMs: 60_000, bytesMax: 1024 * 1024 };

const answering = (upstream: FakeUpstream): void => {
  let count = 0;
  upstream.answer = (_, reply) => answerJson(reply, { ...ANSWER, id: `chatcmpl-${++count}` });
};

async function told(reply: Response): Promise<{ cache: string | null; id: string }> {
  const cache = reply.headers.get('x-sagewai-cache');
  return { cache, id: ((await reply.json()) as { id: string }).id };
}

const keyOf = async (db: Db, tenant: Tenant, metadata: object = {}): Promise<string> =>
  (await makeKey(db, tenant, { metadata: { ...metadata } })).value;

describe('an answer that is kept', () => {
  test('costs nothing, says what it saved, and is the same bytes (C1, C2)', async ({
    upstream,
    tenant,
    key,
    start,
    db,
    owner,
  }) => {
    answering(upstream);
    const gateway = await start({ deployments: [deploymentAt(upstream.url)], cache: ALWAYS });
    const first = await gateway.chat(key, ASK);
    const body = await first.text();
    expect(first.headers.get('x-sagewai-cache')).toBe('miss');
    const again = await gateway.chat(
      key,
      `{"messages": [{"content":"hello","role":"user"}],\n "model":"m"}`,
    );
    expect(await again.text()).toBe(body);
    expect(again.headers.get('x-sagewai-cache')).toBe('hit');
    expect(again.headers.get('x-litellm-response-cost')).toBe('0');
    expect(again.headers.get('x-litellm-cache-key')).toBe(first.headers.get('x-litellm-cache-key'));
    expect(again.headers.get('x-litellm-cache-key')).toMatch(/^[0-9a-f]{64}$/);
    expect(again.headers.get('x-litellm-call-id')).not.toBe(first.headers.get('x-litellm-call-id'));
    expect(again.headers.get('age')).toBe('0');
    expect(upstream.asked).toHaveLength(1);
    expect(await spendOf(owner)).toMatchObject([
      { cost: COST, source: 'provider' },
      { cost: 0n, source: 'cache', status: 'ok', deployment: 'fake' },
    ]);
    expect(await openReservations(owner)).toBe(0);
    const { orgId } = tenant;
    const rows = await inTenant(db, [orgId], (tx) => listSpend(tx, { orgId }, { limit: 10 }));
    expect(rows.map(({ savedPusd, inputTokens }) => [savedPusd, inputTokens])).toEqual([
      [COST, 5n],
      [null, 5n],
    ]);
    expect(await decisionsOf(owner)).toMatchObject([
      { decision: { rules: ['cache'], saved_pusd: String(COST) } },
    ]);
    const metrics = await gateway.metrics();
    expect(metrics).toContain('sagewai_answer_cache_total{what="answer",found="hit"} 1');
    expect(metrics).toContain('sagewai_answer_cache_total{what="answer",found="miss"} 1');
    expect(metrics).toContain('sagewai_answer_cache_saved_usd_total 2.5e-8');
    expect(metrics).toMatch(/sagewai_answer_cache_bytes [1-9]/);
  });

  test('is off unless a key, a model or the operator says so, and never told to another project (C3)', async ({
    db,
    key,
    start,
    tenant,
    upstream,
  }) => {
    {
      answering(upstream);
      const gateway = await start({
        deployments: [
          deploymentAt(upstream.url),
          deploymentAt(upstream.url, { id: 'kept', model: 'kept', cache: true }),
        ],
      });
      const twice = async (value: string, ask: object): Promise<(string | null)[]> => [
        (await told(await gateway.chat(value, ask))).cache,
        (await told(await gateway.chat(value, ask))).cache,
      ];
      expect(await twice(key, ASK)).toEqual([null, null]);
      expect(await twice(key, { ...ASK, model: 'kept' })).toEqual(['miss', 'hit']);
      const own = await keyOf(db, tenant, { cache: true });
      expect(await twice(own, ASK)).toEqual(['miss', 'hit']);
      const never = await keyOf(db, tenant, { cache: false });
      expect(await twice(never, { ...ASK, model: 'kept' })).toEqual([null, null]);
      // Another key of the same project has the same answers.
      expect(
        (await told(await gateway.chat(await keyOf(db, tenant, { cache: true }), ASK))).cache,
      ).toBe('hit');
    }
    {
      upstream.asked.length = 0;
      answering(upstream);
      const gateway = await start({ deployments: [deploymentAt(upstream.url)], cache: ALWAYS });
      expect((await told(await gateway.chat(key, ASK))).cache).toBe('miss');
      const elsewhere = await keyOf(db, await makeTenant(db));
      expect((await told(await gateway.chat(elsewhere, ASK))).cache).toBe('miss');
      const { rows } = await inTenant(db, [tenant.orgId], (tx) =>
        sql<{ id: Tenant['projectId'] }>`
          insert into project (id, org_id, name) values (gen_random_uuid(), ${tenant.orgId}, 'second')
          returning id
        `.execute(tx),
      );
      const [project] = rows;
      const beside = await keyOf(db, { ...tenant, projectId: project?.id ?? tenant.projectId });
      expect((await told(await gateway.chat(beside, ASK))).cache).toBe('miss');
      expect((await told(await gateway.chat(key, ASK))).cache).toBe('hit');
    }
  });

  test('is told to no key that could not make the call now (C1)', async ({
    upstream,
    tenant,
    key,
    start,
    db,
    owner,
  }) => {
    answering(upstream);
    const gateway = await start({ deployments: [deploymentAt(upstream.url)], cache: ALWAYS });
    await gateway.chat(key, ASK);
    const other = await makeKey(db, tenant, { models: ['another'] });
    expect((await gateway.chat(other.value, ASK)).status).toBe(403);
    const poor = await makeKey(db, tenant, { limits: { usdPerDay: 0n } });
    expect((await gateway.chat(poor.value, ASK)).status).toBe(429);
    const slow = await makeKey(db, tenant, { limits: { requestsPerMinute: 1n } });
    expect((await told(await gateway.chat(slow.value, ASK))).cache).toBe('hit');
    expect((await gateway.chat(slow.value, ASK)).status).toBe(429);
    await inTenant(db, [tenant.orgId], (tx) =>
      sql`update virtual_key set blocked_at = app_now() where id = ${other.id}`.execute(tx),
    );
    const { orgId } = tenant;
    await inTenant(db, [orgId], (tx) =>
      setBudgets(tx, { orgId, kind: 'organization', id: orgId }, { ...UNLIMITED, usdPerDay: 0n }),
    );
    expect((await gateway.chat(key, ASK)).status).toBe(429);
    expect((await spendOf(owner)).map(({ source }) => source)).toEqual(['provider', 'cache']);
  });

  test('obeys the request, of which nothing for us is sent on; no refusal is kept, and two misses both call (C3, C4)', async ({
    key,
    start,
    upstream,
  }) => {
    {
      answering(upstream);
      const gateway = await start({ deployments: [deploymentAt(upstream.url)], cache: ALWAYS });
      const ask = async (cache?: object, headers: Record<string, string> = {}) => {
        const body = cache === undefined ? ASK : { ...ASK, cache };
        const all = { authorization: `Bearer ${key}`, ...headers };
        return told(await gateway.post('/v1/chat/completions', body, all));
      };
      expect(await ask({ 'no-store': true })).toEqual({ cache: 'miss', id: 'chatcmpl-1' });
      expect(await ask({ ttl: 60 })).toEqual({ cache: 'miss', id: 'chatcmpl-2' });
      expect(await ask()).toEqual({ cache: 'hit', id: 'chatcmpl-2' });
      expect(await ask({ 'no-cache': true })).toEqual({ cache: 'miss', id: 'chatcmpl-3' });
      expect(await ask(undefined, { 'cache-control': 'no-cache, no-store' })).toEqual({
        cache: null,
        id: 'chatcmpl-4',
      });
      expect(await ask({ 's-maxage': 0 })).toMatchObject({ cache: 'miss' });
      expect(await ask({ namespace: 'mine' })).toMatchObject({ cache: 'miss' });
      expect((await ask()).cache).toBe('hit');
      for (const { body } of upstream.asked) {
        expect(JSON.parse(body.toString())).toEqual({ ...ASK, model: 'm-upstream' });
      }
      const wrong = await gateway.chat(key, { ...ASK, cache: { nocache: true } });
      expect(wrong.status).toBe(400);
      expect(await wrong.text()).toContain('cache/nocache is not known');
      const [another] = [await gateway.chat(key, { ...ASK, temperature: 0.5 })];
      expect(another?.headers.get('x-sagewai-cache')).toBe('miss');
    }
    {
      upstream.asked.length = 0;
      const gateway = await start({ deployments: [deploymentAt(upstream.url)], cache: ALWAYS });
      upstream.answer = (_, reply) =>
        answerJson(reply, { error: { message: 'no' } }, { status: 400 });
      expect((await gateway.chat(key, ASK)).status).toBe(400);
      const waiting: (() => void)[] = [];
      upstream.answer = (_, reply) => {
        waiting.push(() => answerJson(reply, ANSWER));
        if (waiting.length === 2) for (const go of waiting) go();
      };
      const both = await Promise.all([gateway.chat(key, ASK), gateway.chat(key, ASK)]);
      expect(both.map(({ status }) => status)).toEqual([200, 200]);
      expect((await told(await gateway.chat(key, ASK))).cache).toBe('hit');
    }
  });

  test('is none of a model that took its place, and its embeddings are not put among others (C1, C3)', async ({
    key,
    start,
    upstream,
  }) => {
    const gateway = await start({
      deployments: [
        deploymentAt(upstream.url, { upstreamModel: 'own' }),
        deploymentAt(upstream.url, { id: 'other', model: 'other', upstreamModel: 'other' }),
      ],
      cache: ALWAYS,
      routing: {
        ...FAST_ROUTING,
        cooldownMs: 0,
        fallbacks: { ...NO_FALLBACKS, byDefault: ['other'] },
      },
    });
    let isWell = false;
    upstream.answer = ({ url = '' }, reply, body) => {
      const { model, input } = JSON.parse(body.toString()) as { model: string; input: string[] };
      if (model === 'own' && !isWell) return answerJson(reply, {}, { status: 404 });
      if (!url.endsWith('/embeddings')) return answerJson(reply, { ...ANSWER, id: model });
      const data = input.map((_, index) => ({ object: 'embedding', index, embedding: [1] }));
      answerJson(reply, {
        object: 'list',
        data,
        model,
        usage: { prompt_tokens: 1, total_tokens: 1 },
      });
    };
    const embed = (...input: string[]): Promise<Response> =>
      gateway.post('/v1/embeddings', { model: 'm', input }, { authorization: `Bearer ${key}` });
    expect(await told(await gateway.chat(key, ASK))).toEqual({ cache: 'miss', id: 'other' });
    expect((await embed('a')).status).toBe(200);
    isWell = true;
    expect(await told(await gateway.chat(key, ASK))).toEqual({ cache: 'miss', id: 'own' });
    expect(await told(await gateway.chat(key, ASK))).toEqual({ cache: 'hit', id: 'own' });
    const own = await embed('a');
    expect([own.headers.get('x-sagewai-cache'), await own.json()]).toMatchObject([
      'miss',
      { model: 'own' },
    ]);
    isWell = false;
    expect((await embed('a', 'b')).status).toBe(502);
    expect((await embed('a')).headers.get('x-sagewai-cache')).toBe('hit');
  });

  test('is a whole stream, told as the same events; one that broke off is not kept (C3)', async ({
    upstream,
    key,
    start,
    owner,
  }) => {
    const chunk = (content: string): string =>
      `data: {"choices":[{"index":0,"delta":{"content":"${content}"}}]}\n\n`;
    const usage = `data: {"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2}}\n\n`;
    const whole = [chunk('a'), chunk('b'), usage, 'data: [DONE]\n\n'];
    const gateway = await start({ deployments: [deploymentAt(upstream.url)], cache: ALWAYS });
    const ask = { ...ASK, stream: true };
    upstream.answer = (_, reply) => {
      reply.writeHead(200, { 'content-type': 'text/event-stream' });
      reply.write(chunk('a'), () => reply.destroy());
    };
    expect(await (await gateway.chat(key, ask)).text()).toContain('error');
    upstream.answer = (_, reply) => answerEvents(reply, whole);
    const first = await gateway.chat(key, ask);
    expect(first.headers.get('x-sagewai-cache')).toBe('miss');
    const text = await first.text();
    expect(text).toBe([chunk('a'), chunk('b'), 'data: [DONE]\n\n'].join(''));
    const again = await gateway.chat(key, ask);
    expect(again.headers.get('x-sagewai-cache')).toBe('hit');
    expect(again.headers.get('content-type')).toMatch(/^text\/event-stream/);
    expect(await again.text()).toBe(text);
    expect(upstream.asked).toHaveLength(2);
    expect((await spendOf(owner)).map(({ cost, source }) => [cost, source]).slice(1)).toEqual([
      [COST, 'provider'],
      [0n, 'cache'],
    ]);
  });
});

describe('embeddings that are kept', () => {
  const embedding = (text: string): number[] => [text.length, 0.5];
  const embed = (upstream: FakeUpstream): void => {
    upstream.answer = (_, reply, body) => {
      const { input } = JSON.parse(body.toString()) as { input: string | string[] };
      const texts = [input].flat();
      const data = texts.map((text, index) => ({
        object: 'embedding',
        index,
        embedding: embedding(text),
      }));
      const tokens = texts.length * 4;
      const usage = { prompt_tokens: tokens, total_tokens: tokens };
      answerJson(reply, { object: 'list', data: data.toReversed(), model: 'e', usage });
    };
  };
  interface Answer {
    readonly data: { readonly index: number; readonly embedding: number[] }[];
    readonly usage: object;
  }
  const ask = async (
    gateway: RunningGateway,
    key: string,
    input: unknown,
  ): Promise<{ status: number; cache: string | null; answer: Answer }> => {
    const reply = await gateway.post(
      '/v1/embeddings',
      { model: 'e', input: input as string },
      { authorization: `Bearer ${key}` },
    );
    const cache = reply.headers.get('x-sagewai-cache');
    return { status: reply.status, cache, answer: (await reply.json()) as Answer };
  };

  test('are asked for text by text: only what is not known is sent and paid for, and nothing is made up', async ({
    db,
    key,
    owner,
    start,
    tenant,
    upstream,
  }) => {
    {
      embed(upstream);
      const at = (version: string) =>
        deploymentAt(upstream.url, {
          model: 'e',
          upstreamModel: version,
          price: { ...PRICE, isInputOnly: true },
        });
      const gateway = await start({ deployments: [at('e-1')], cache: ALWAYS });
      const known = ['a', 'bb', 'ccc', 'dddd', 'eeeee', 'ffffff', 'ggggggg'];
      expect((await ask(gateway, key, known)).cache).toBe('miss');
      const all = ['x1', ...known, 'y12', 'z123'];
      const mixed = await ask(gateway, key, all);
      expect(mixed).toMatchObject({ status: 200, cache: 'partial; kept=7' });
      expect(mixed.answer.data.map(({ index, embedding: is }) => [index, is])).toEqual(
        all.map((text, index) => [index, embedding(text)]),
      );
      expect(mixed.answer.usage).toEqual({ prompt_tokens: 12, total_tokens: 12 });
      expect(JSON.parse(upstream.asked[1]?.body.toString() ?? '')).toEqual({
        model: 'e-1',
        input: ['x1', 'y12', 'z123'],
      });
      const whole = await ask(gateway, key, 'bb');
      expect(whole).toMatchObject({ cache: 'hit', answer: { usage: { prompt_tokens: 0 } } });
      expect(whole.answer.data).toMatchObject([{ index: 0, embedding: embedding('bb') }]);
      expect(upstream.asked).toHaveLength(2);
      const rows = await spendOf(owner);
      expect(rows.map(({ cost, source }) => [cost, source])).toEqual([
        [28_000n, 'provider'],
        [12_000n, 'provider'],
        [0n, 'cache'],
      ]);
      const { orgId } = tenant;
      const [hit, partial] = await inTenant(db, [orgId], (tx) =>
        listSpend(tx, { orgId }, { limit: 10 }),
      );
      // Each text has its part of the price by its length, and none of it is lost or made up.
      expect(partial?.savedPusd).toBeGreaterThan(27_990n);
      expect(partial?.savedPusd).toBeLessThanOrEqual(28_000n);
      expect(hit?.savedPusd).toBeGreaterThan(0n);
      // Of another version of the model nothing is known.
      const other = await start({ deployments: [at('e-2')], cache: ALWAYS });
      expect((await ask(other, key, 'bb')).cache).toBe('miss');
    }
    {
      upstream.asked.length = 0;
      embed(upstream);
      const gateway = await start({
        deployments: [
          deploymentAt(upstream.url, { model: 'e', price: { ...PRICE, isInputOnly: true } }),
        ],
        cache: ALWAYS,
      });
      await ask(gateway, key, ['a']);
      upstream.answer = (_, reply) =>
        answerJson(reply, { error: { message: 'no' } }, { status: 400 });
      expect((await ask(gateway, key, ['a', 'b'])).status).toBe(400);
      upstream.answer = (_, reply) =>
        answerJson(reply, { data: [], usage: { prompt_tokens: 1, total_tokens: 1 } });
      expect((await ask(gateway, key, ['a', 'b'])).status).toBe(502);
      embed(upstream);
      expect((await ask(gateway, key, ['a', 'b'])).cache).toBe('partial; kept=1');
    }
  });

  test('of a path of one provider are asked of no other', async ({ key, start, upstream }) => {
    const second = await startFakeUpstream();
    onTestFinished(() => second.close());
    const { endpoint } = deploymentAt(second.url);
    const gateway = await start({
      deployments: [
        deploymentAt(second.url, {
          id: 'first',
          endpoint: { ...endpoint, provider: 'litellm' },
          traffic: { ...PLAIN_TRAFFIC, order: 1 },
        }),
        deploymentAt(upstream.url, { traffic: { ...PLAIN_TRAFFIC, order: 2 } }),
      ],
      cache: ALWAYS,
    });
    upstream.answer = second.answer = (_, reply) =>
      answerJson(reply, {
        object: 'list',
        data: [{ object: 'embedding', index: 0, embedding: [1] }],
        usage: { prompt_tokens: 1, total_tokens: 1 },
      });
    const embed = async (path: string): Promise<string | null> => {
      const headers = { authorization: `Bearer ${key}` };
      const answered = await gateway.post(path, { model: 'm', input: [path] }, headers);
      return answered.headers.get('x-litellm-model-id');
    };
    expect(await embed('/v1/embeddings')).toBe('first');
    expect(await embed('/openai/v1/embeddings')).toBe('fake');
  });
});
