import { Secret } from '@sagewai/config';
import OpenAI from 'openai';
import { describe, expect } from 'vitest';

import { openReservations, wholeSpendOf } from '../fixture.sql.ts';
import { deploymentAt, makeKey, type RunningGateway, UPSTREAM_KEY } from '../gateway-fixture.ts';
import { priceDeployment } from '../models/price-deployment.ts';
import { flatPrice, ratesOf } from '../money/price.ts';
import type { ProviderName } from '../providers/provider.ts';
import { answerEvents, answerJson, worldTest as test } from '../world-fixture.ts';

const PRICE = flatPrice(ratesOf({ input: 1_000n, cachedInput: 100n, output: 10_000n }));
const INPUT_ONLY = {
  ...flatPrice(ratesOf({ input: 1_000n, output: 0n })),
  isInputOnly: true as const,
};

const at = (url: string, provider: ProviderName = 'openai', price = PRICE) => [
  deploymentAt(url, {
    endpoint: { provider, baseUrl: url, credential: new Secret(UPSTREAM_KEY) },
    price,
  }),
];

const clientOf = (gateway: RunningGateway, apiKey: string): OpenAI =>
  new OpenAI({ apiKey, baseURL: `${gateway.url}/v1`, maxRetries: 0 });

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

const RESPONSE = {
  id: 'resp_1',
  object: 'response',
  created_at: 1,
  status: 'completed',
  error: null,
  incomplete_details: null,
  instructions: null,
  model: 'm-upstream',
  output: [
    {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      status: 'completed',
      content: [{ type: 'output_text', text: 'hi', annotations: [], logprobs: [] }],
    },
  ],
  parallel_tool_calls: true,
  tool_choice: 'auto',
  tools: [],
  metadata: {},
  temperature: 1,
  top_p: 1,
  usage: {
    input_tokens: 10,
    input_tokens_details: { cached_tokens: 4, cache_write_tokens: 0 },
    output_tokens: 5,
    output_tokens_details: { reasoning_tokens: 2 },
    total_tokens: 15,
  },
};
const RESPONSE_COST = 6n * 1_000n + 4n * 100n + 5n * 10_000n;

const eventOf = (data: { readonly type: string } & Record<string, unknown>): string =>
  `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
const CREATED = eventOf({
  type: 'response.created',
  response: { ...RESPONSE, status: 'in_progress', output: [], usage: null },
  sequence_number: 0,
});
const ADDED = eventOf({
  type: 'response.output_item.added',
  output_index: 0,
  item: { ...RESPONSE.output[0], status: 'in_progress', content: [] },
  sequence_number: 1,
});
const PART = eventOf({
  type: 'response.content_part.added',
  item_id: 'msg_1',
  output_index: 0,
  content_index: 0,
  part: { type: 'output_text', text: '', annotations: [], logprobs: [] },
  sequence_number: 2,
});
const SAID = eventOf({
  type: 'response.output_text.delta',
  item_id: 'msg_1',
  output_index: 0,
  content_index: 0,
  delta: 'hi',
  logprobs: [],
  sequence_number: 3,
});
const DONE = eventOf({
  type: 'response.output_item.done',
  output_index: 0,
  item: RESPONSE.output[0],
  sequence_number: 4,
});
const COMPLETED = eventOf({ type: 'response.completed', response: RESPONSE, sequence_number: 5 });
const STREAM = [CREATED, ADDED, PART, SAID, DONE, COMPLETED];

describe('a response', () => {
  test('passes byte for byte to a provider that speaks Responses, and is booked to the pico-dollar (M2, M5)', async ({
    upstream,
    key,
    start,
    owner,
  }) => {
    const text = `${JSON.stringify(RESPONSE, null, 2)}\n`;
    upstream.answer = (_, reply) => answerJson(reply, text);
    const gateway = await start({ deployments: at(upstream.url) });
    const sent = `{"model" : "m","input":[{"role":"user","content":"h\\u00e9"}],"max_output_tokens":50, "include":["reasoning.encrypted_content"], "store":false, "x_unknown": 1.0}`;
    const headers = { ...bearer(key), 'session-id': 'session-1' };
    const answer = await gateway.post('/v1/responses', sent, headers);
    expect(await answer.text()).toBe(text);
    expect(upstream.asked[0]?.url).toBe('/v1/responses');
    expect(upstream.asked[0]?.body.toString()).toBe(sent.replace('"m"', '"m-upstream"'));
    expect(await wholeSpendOf(owner)).toMatchObject([
      {
        cost: RESPONSE_COST,
        input: 10n,
        cached: 4n,
        output: 5n,
        status: 'ok',
        session: 'session-1',
      },
    ]);
    expect(await openReservations(owner)).toBe(0);
  });

  test('is streamed to the client of OpenAI, and its last event waits for the settlement (M2, M3)', async ({
    upstream,
    key,
    start,
    owner,
  }) => {
    upstream.answer = (_, reply) => answerEvents(reply, STREAM);
    const gateway = await start({ deployments: at(upstream.url) });
    const stream = clientOf(gateway, key).responses.stream({ model: 'm', input: 'hello' });
    let said = '';
    for await (const event of stream) {
      if (event.type === 'response.output_text.delta') said += event.delta;
      if (event.type === 'response.completed') expect(await openReservations(owner)).toBe(0);
    }
    expect(said).toBe('hi');
    expect((await stream.finalResponse()).usage?.output_tokens).toBe(5);
    expect(await wholeSpendOf(owner)).toMatchObject([{ cost: RESPONSE_COST, status: 'ok' }]);
  });

  test('that the provider calls failed is booked as it says, and one that breaks off ends with an error', async ({
    upstream,
    key,
    start,
    owner,
  }) => {
    const gateway = await start({ deployments: at(upstream.url) });
    const ask = { model: 'm', input: 'hello', stream: true, store: false };
    const failed = eventOf({
      type: 'response.failed',
      response: { ...RESPONSE, status: 'failed' },
      sequence_number: 1,
    });
    upstream.answer = (_, reply) => answerEvents(reply, [CREATED, failed]);
    const first = await gateway.post('/v1/responses', ask, bearer(key));
    expect(await first.text()).toBe(CREATED + failed);
    upstream.answer = (_, reply) => {
      reply.writeHead(200, { 'content-type': 'text/event-stream' });
      reply.write(CREATED + SAID, () => void reply.destroy());
    };
    const second = await gateway.post('/v1/responses', ask, bearer(key));
    expect(await second.text()).toMatch(
      /event: error\ndata: \{"type":"error","code":"upstream.refused","message":/,
    );
    expect(await wholeSpendOf(owner)).toMatchObject([
      { cost: RESPONSE_COST, source: 'provider', status: 'error' },
      { source: 'estimate', status: 'error' },
    ]);
  });

  test('without a limit of its own is capped by what is granted (M1)', async ({
    upstream,
    db,
    tenant,
    start,
  }) => {
    upstream.answer = (_, reply) => answerJson(reply, RESPONSE);
    const gateway = await start({ deployments: at(upstream.url) });
    const { value } = await makeKey(db, tenant, { limits: { usdPerDay: 6_000_000n } });
    await gateway.post('/v1/responses', { model: 'm', input: 'hello' }, bearer(value));
    const body = JSON.parse(upstream.asked[0]?.body.toString() ?? '{}') as Record<string, number>;
    expect(body['max_output_tokens']).toBeGreaterThan(0);
    expect(body['max_output_tokens']).toBeLessThan(1_000);
  });

  test('that stands on something kept elsewhere is refused before anything is sent', async ({
    upstream,
    key,
    start,
    owner,
  }) => {
    const gateway = await start({ deployments: at(upstream.url) });
    const refused = [
      ['previous_response_id', { previous_response_id: 'resp_1' }],
      ['conversation', { conversation: { id: 'conv_1' } }],
      ['input', { input: [{ type: 'item_reference', id: 'msg_1' }] }],
      ['input', { input: [{ id: 'msg_1' }] }],
    ] as const;
    for (const [param, more] of refused) {
      const body = { model: 'm', input: 'hello', ...more };
      const answer = await gateway.post('/v1/responses', body, bearer(key));
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ error: { param } });
    }
    expect(upstream.asked).toEqual([]);
    expect(await wholeSpendOf(owner)).toEqual([]);
  });

  test('with a tool that the provider runs has a fee that nobody knows (M4)', async ({
    upstream,
    key,
    start,
  }) => {
    upstream.answer = (_, reply) => answerJson(reply, RESPONSE);
    const gateway = await start({ deployments: at(upstream.url) });
    const ask = (type: string) =>
      gateway.post('/v1/responses', { model: 'm', input: 'x', tools: [{ type }] }, bearer(key));
    expect((await ask('web_search')).status).toBe(400);
    expect((await ask('function')).status).toBe(200);
  });
});

const embedding = (vector: unknown) => ({
  object: 'list',
  data: [{ object: 'embedding', index: 0, embedding: vector }],
  model: 'm-upstream',
  usage: { prompt_tokens: 7, total_tokens: 7 },
});

describe('an embedding', () => {
  test('costs its input, also where a model has no price for output (M1, M4)', async ({
    upstream,
    key,
    start,
    owner,
  }) => {
    upstream.answer = (_, reply) => answerJson(reply, embedding([0.5, -1]));
    const gateway = await start({ deployments: at(upstream.url, 'openai', INPUT_ONLY) });
    const client = clientOf(gateway, key);
    const list = { model: 'm', input: ['a', 'b'], encoding_format: 'float' as const };
    expect((await client.embeddings.create(list)).data[0]?.embedding).toEqual([0.5, -1]);
    expect(upstream.asked[0]?.url).toBe('/v1/embeddings');
    expect(await wholeSpendOf(owner)).toMatchObject([
      { cost: 7_000n, input: 7n, output: 0n, source: 'provider', status: 'ok' },
    ]);
    const chat = await gateway.chat(key, { model: 'm', messages: [], max_tokens: 0 });
    expect(chat.status).toBe(400);
    expect(await chat.json()).toMatchObject({ error: { code: 'model.unpriced' } });
    expect(upstream.asked).toHaveLength(1);
  });

  test('as base64 passes as it is: the client of OpenAI asks for it and decodes it (M5)', async ({
    upstream,
    key,
    start,
  }) => {
    const bytes = Buffer.from(new Float32Array([0.5, -1]).buffer).toString('base64');
    upstream.answer = (_, reply) => answerJson(reply, embedding(bytes));
    const gateway = await start({ deployments: at(upstream.url) });
    const made = await clientOf(gateway, key).embeddings.create({ model: 'm', input: [1, 2, 3] });
    expect([...(made.data[0]?.embedding ?? [])]).toEqual([0.5, -1]);
    expect(JSON.parse(upstream.asked[0]?.body.toString() ?? '')).toMatchObject({
      input: [1, 2, 3],
      encoding_format: 'base64',
    });
  });

  test('is bounded by its bytes, however many texts it has, and an answer without usage is an estimate (M1, M3)', async ({
    upstream,
    db,
    tenant,
    start,
    owner,
  }) => {
    upstream.answer = (_, reply) => answerJson(reply, { ...embedding([1]), usage: undefined });
    const small = deploymentAt(upstream.url, { contextTokensMax: 10, price: INPUT_ONLY });
    const gateway = await start({ deployments: [small] });
    const input = Array.from({ length: 50 }, () => 'x'.repeat(100));
    const ask = async (usdPerDay: bigint) => {
      const { value } = await makeKey(db, tenant, { limits: { usdPerDay } });
      return gateway.post('/v1/embeddings', { model: 'm', input }, bearer(value));
    };
    expect((await ask(5_000_000n)).status).toBe(429);
    expect((await ask(7_000_000n)).status).toBe(200);
    const [row] = await wholeSpendOf(owner);
    expect(row).toMatchObject({ source: 'estimate', output: 0n });
    expect(row?.input).toBeGreaterThan(1_500n);
  });
});

describe('a completion', () => {
  const usage = { prompt_tokens: 4, completion_tokens: 2, total_tokens: 6 };
  const chunk = (text: string, finish_reason: string | null = null, more: object = {}) =>
    `data: ${JSON.stringify({
      id: 'cmpl-1',
      object: 'text_completion',
      created: 1,
      model: 'm-upstream',
      choices: [{ text, index: 0, logprobs: null, finish_reason }],
      ...more,
    })}\n\n`;

  test('passes to a provider that completes texts, whole and streamed, with its usage taken out (M5)', async ({
    upstream,
    key,
    start,
    owner,
  }) => {
    const gateway = await start({ deployments: at(upstream.url, 'compatible') });
    const client = clientOf(gateway, key);
    upstream.answer = (_, reply) =>
      answerJson(reply, {
        id: 'cmpl-1',
        object: 'text_completion',
        created: 1,
        model: 'm-upstream',
        choices: [{ text: ' sky', index: 0, logprobs: null, finish_reason: 'stop' }],
        usage,
      });
    const ask = { model: 'm', prompt: 'The blue', max_tokens: 5 };
    expect((await client.completions.create(ask)).choices[0]?.text).toBe(' sky');
    upstream.answer = (_, reply) =>
      answerEvents(reply, [
        chunk(' s'),
        chunk('ky', 'stop'),
        chunk('', null, { choices: [], usage }),
        'data: [DONE]\n\n',
      ]);
    let text = '';
    for await (const piece of await client.completions.create({ ...ask, stream: true })) {
      expect(piece.usage ?? null).toBeNull();
      text += piece.choices[0]?.text ?? '';
    }
    expect(text).toBe(' sky');
    expect(upstream.asked.map(({ url }) => url)).toEqual(['/v1/completions', '/v1/completions']);
    const cost = 4n * 1_000n + 2n * 10_000n;
    expect(await wholeSpendOf(owner)).toMatchObject([
      { cost, source: 'provider' },
      { cost, source: 'provider' },
    ]);
  });

  test('of several prompts is bounded for each of them and each candidate (M1)', async ({
    upstream,
    db,
    tenant,
    start,
  }) => {
    upstream.answer = (_, reply) => answerJson(reply, { choices: [], usage });
    const gateway = await start({ deployments: at(upstream.url, 'compatible') });
    const ask = async (usdPerDay: bigint) => {
      const { value } = await makeKey(db, tenant, { limits: { usdPerDay } });
      const body = { model: 'm', prompt: ['a', 'b'], max_tokens: 100, best_of: 3 };
      return (await gateway.post('/v1/completions', body, bearer(value))).status;
    };
    // 600 tokens of output and less than 2,000 of input.
    expect(await ask(6_000_000n)).toBe(429);
    expect(await ask(8_000_000n)).toBe(200);
  });
});

describe('a moderation', () => {
  test('is asked of the model that is paid for, and is free where the provider charges nothing', async ({
    upstream,
    key,
    start,
    owner,
  }) => {
    const results = [{ flagged: false, categories: {}, category_scores: {} }];
    upstream.answer = (_, reply) => answerJson(reply, { id: 'modr-1', model: 'omni', results });
    const model = 'omni-moderation-latest';
    const endpoint = at(upstream.url)[0]?.endpoint;
    const { price } = priceDeployment('openai', model, {}, new Date());
    const free = deploymentAt(upstream.url, {
      model,
      upstreamModel: model,
      price,
      ...(endpoint ? { endpoint } : {}),
    });
    const gateway = await start({ deployments: [free] });
    const client = clientOf(gateway, key);
    expect((await client.moderations.create({ input: 'hello' })).results[0]?.flagged).toBe(false);
    await client.moderations.create({ model, input: ['a', 'b'] });
    expect(
      upstream.asked.map(({ url, body }) => [url, JSON.parse(body.toString()) as unknown]),
    ).toEqual([
      ['/v1/moderations', { input: 'hello', model }],
      ['/v1/moderations', { model, input: ['a', 'b'] }],
    ]);
    expect(await wholeSpendOf(owner)).toMatchObject([
      { cost: 0n, source: 'estimate', status: 'ok' },
      { cost: 0n, source: 'estimate', status: 'ok' },
    ]);
  });
});

describe('a rerank', () => {
  test('passes to a server that orders documents, and costs what it read', async ({
    upstream,
    db,
    tenant,
    start,
    owner,
  }) => {
    const answer = { results: [{ index: 1, relevance_score: 0.9 }], usage: { total_tokens: 20 } };
    upstream.answer = (_, reply) => answerJson(reply, answer);
    const gateway = await start({ deployments: at(upstream.url, 'compatible', INPUT_ONLY) });
    const ask = async (usdPerDay: bigint) => {
      const { value } = await makeKey(db, tenant, { limits: { usdPerDay } });
      const body = { model: 'm', query: 'q'.repeat(100), documents: Array(20).fill('d') };
      return gateway.post('/v1/rerank', body, bearer(value));
    };
    // The question is read with each of the documents: 2,000 bytes more than the body has.
    expect((await ask(2_500_000n)).status).toBe(429);
    expect(await (await ask(4_000_000n)).json()).toEqual(answer);
    expect(upstream.asked[0]?.url).toBe('/v1/rerank');
    expect(await wholeSpendOf(owner)).toMatchObject([{ cost: 20_000n, input: 20n, output: 0n }]);
  });
});

test('a model that cannot be asked so is told, with nothing sent', async ({
  upstream,
  key,
  start,
}) => {
  const gateway = await start({ deployments: at(upstream.url, 'deepseek') });
  const answer = await gateway.post('/v1/embeddings', { model: 'm', input: 'x' }, bearer(key));
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ error: { param: 'model' } });
  expect(upstream.asked).toEqual([]);
});

test('a client whose base URL ends before /v1, as for a LiteLLM proxy, is served the same', async ({
  upstream,
  key,
  start,
}) => {
  upstream.answer = (_, reply) => answerJson(reply, JSON.stringify(RESPONSE));
  const gateway = await start({ deployments: at(upstream.url) });
  const client = new OpenAI({ apiKey: key, baseURL: gateway.url, maxRetries: 0 });
  expect((await client.models.list()).data.map(({ id }) => id)).toContain('m');
  expect((await client.models.retrieve('m')).id).toBe('m');
  expect(await client.responses.create({ model: 'm', input: 'x' })).toMatchObject({
    output_text: 'hi',
  });
  expect(upstream.asked[0]?.url).toBe('/v1/responses');
  for (const path of [
    '/chat/completions',
    '/completions',
    '/embeddings',
    '/moderations',
    '/rerank',
  ])
    expect([path, (await gateway.post(path, {}, bearer(key))).status]).toEqual([path, 400]);
});
