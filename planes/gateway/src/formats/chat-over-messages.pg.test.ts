import assert from 'node:assert/strict';

import { Secret } from '@sagewai/config';
import OpenAI from 'openai';
import { describe, expect } from 'vitest';

import { openReservations, wholeSpendOf } from '../fixture.sql.ts';
import {
  deploymentAt,
  FAST_ROUTING,
  makeKey,
  type RunningGateway,
  UPSTREAM_KEY,
} from '../gateway-fixture.ts';
import { flatPrice, ratesOf } from '../money/price.ts';
import { checkAnswers } from '../openai-answers-fixture.ts';
import { NO_FALLBACKS } from '../routing/fallbacks.ts';
import { answerEvents, answerJson, worldTest } from '../world-fixture.ts';
import {
  BLOCK,
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
const COST = 10n * 1_000n + 4n * 100n + 20n * 1_250n + 10n * 2_000n + 5n * 10_000n;

const test = worldTest.extend<{ gateway: RunningGateway; client: OpenAI }>({
  gateway: async ({ upstream, start }, use) => {
    const { url } = upstream;
    const endpoint = {
      provider: 'anthropic',
      baseUrl: url,
      credential: new Secret(UPSTREAM_KEY),
    } as const;
    await use(await start({ deployments: [deploymentAt(url, { endpoint, price: PRICE })] }));
  },
  client: async ({ gateway, key }, use) => {
    const { fetch, mistakes } = checkAnswers();
    await use(new OpenAI({ apiKey: key, baseURL: `${gateway.url}/v1`, maxRetries: 0, fetch }));
    assert.deepEqual(await mistakes(), []);
  },
});

const ask = { model: 'm', messages: [{ role: 'user' as const, content: 'hello' }] };
const askStream = { ...ask, stream: true as const };
const tools = [
  {
    type: 'function' as const,
    function: { name: 'look', parameters: { type: 'object', properties: {} } },
  },
];
const callBlock = (index: number, id: string): string =>
  eventOf({
    type: 'content_block_start',
    index,
    content_block: { type: 'tool_use', id, name: 'look', input: {} },
  });
const argue = (index: number, partial_json: string): string =>
  eventOf({
    type: 'content_block_delta',
    index,
    delta: { type: 'input_json_delta', partial_json },
  });
const stopBlock = (index: number): string => eventOf({ type: 'content_block_stop', index });

function askedBody(upstream: { readonly asked: readonly { readonly body: Buffer }[] }) {
  return JSON.parse(upstream.asked.at(-1)?.body.toString() ?? '') as Record<string, unknown>;
}

describe("OpenAI's own client, and a provider that speaks messages", () => {
  test('get an answer, whose usage is booked as the provider told it (M2, M6)', async ({
    client,
    upstream,
    owner,
  }) => {
    upstream.answer = (_, reply) => answerJson(reply, MESSAGE);
    const completion = await client.chat.completions.create({
      model: 'm',
      messages: [
        { role: 'system', content: 'First.' },
        { role: 'developer', content: 'Second.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What?' },
            { type: 'image_url', image_url: { url: 'https://x/y.png' } },
          ],
        },
      ],
      stop: 'END',
    });
    expect(completion.choices).toMatchObject([
      { index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' },
    ]);
    expect(completion.usage).toMatchObject({
      prompt_tokens: 44,
      completion_tokens: 5,
      total_tokens: 49,
      prompt_tokens_details: { cached_tokens: 4 },
    });
    expect(upstream.asked[0]).toMatchObject({
      url: '/v1/messages',
      headers: { 'x-api-key': UPSTREAM_KEY, 'anthropic-version': '2023-06-01' },
    });
    expect(askedBody(upstream)).toEqual({
      model: 'm-upstream',
      // Of the model: its format demands a limit, and the caller set none.
      max_tokens: 1_000,
      stop_sequences: ['END'],
      system: [
        { type: 'text', text: 'First.' },
        { type: 'text', text: 'Second.' },
      ],
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What?' },
            { type: 'image', source: { type: 'url', url: 'https://x/y.png' } },
          ],
        },
      ],
    });
    expect(await wholeSpendOf(owner)).toMatchObject([
      { cost: COST, input: 44n, cached: 4n, written: 30n, output: 5n, source: 'provider' },
    ]);
  });

  test('are held to what a small budget leaves (M1)', async ({ gateway, upstream, db, tenant }) => {
    upstream.answer = (_, reply) => answerJson(reply, MESSAGE);
    const { value } = await makeKey(db, tenant, { limits: { usdPerDay: 2_500_000n } });
    expect((await gateway.chat(value, ask)).status).toBe(200);
    const { max_tokens } = askedBody(upstream);
    expect(max_tokens).toBeLessThan(1_000);
    expect(max_tokens).toBeGreaterThan(0);
  });

  test('use tools in parallel, and give back what they found', async ({ client, upstream }) => {
    const content = ['a', 'b'].map((id) => ({ type: 'tool_use', id, name: 'look', input: { id } }));
    upstream.answer = (_, reply) =>
      answerJson(reply, { ...MESSAGE, content, stop_reason: 'tool_use' });
    const completion = await client.chat.completions.create({
      ...ask,
      tools,
      tool_choice: 'required',
      parallel_tool_calls: false,
    });
    const [choice] = completion.choices;
    expect(choice?.finish_reason).toBe('tool_calls');
    expect(choice?.message.tool_calls).toMatchObject([
      { id: 'a', function: { name: 'look', arguments: '{"id":"a"}' } },
      { id: 'b', function: { name: 'look', arguments: '{"id":"b"}' } },
    ]);
    expect(askedBody(upstream)['tool_choice']).toEqual({
      type: 'any',
      disable_parallel_tool_use: true,
    });
    if (choice === undefined) throw new Error('no choice');
    await client.chat.completions.create({
      ...ask,
      tools,
      messages: [
        ...ask.messages,
        choice.message,
        { role: 'tool', tool_call_id: 'a', content: 'one' },
        { role: 'tool', tool_call_id: 'b', content: 'two' },
      ],
    });
    expect(askedBody(upstream)['messages']).toMatchObject([
      { role: 'user' },
      { role: 'assistant', content: [{ type: 'tool_use' }, { type: 'tool_use' }] },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'a' },
          { type: 'tool_result', tool_use_id: 'b' },
        ],
      },
    ]);
  });

  test('ask for effort and for a shape, and are told what is left out', async ({
    gateway,
    key,
    upstream,
  }) => {
    const thinking = { type: 'thinking', thinking: 'hm', signature: 's' };
    upstream.answer = (_, reply) =>
      answerJson(reply, { ...MESSAGE, content: [thinking, ...MESSAGE.content] });
    const schema = { type: 'object', properties: {} };
    const answer = await gateway.chat(key, {
      ...ask,
      max_tokens: 4_096,
      reasoning_effort: 'low',
      response_format: { type: 'json_schema', json_schema: { name: 'a', schema } },
      seed: 7,
    });
    expect(answer.headers.get('x-sagewai-untranslated')).toBe('seed');
    expect(await answer.json()).toMatchObject({
      choices: [{ message: { reasoning_content: 'hm', thinking_blocks: [thinking] } }],
    });
    expect(askedBody(upstream)).toMatchObject({
      thinking: { type: 'enabled', budget_tokens: 2_048 },
      output_config: { format: { type: 'json_schema', schema } },
    });
  });

  test('read a stream, with usage only where they asked for it (M3)', async ({
    gateway,
    client,
    key,
    upstream,
    owner,
  }) => {
    upstream.answer = (_, reply) => answerEvents(reply, STREAM);
    const plain = await (await gateway.chat(key, askStream)).text();
    expect(plain.endsWith('data: [DONE]\n\n')).toBe(true);
    expect(plain).not.toContain('prompt_tokens');
    const stream = await client.chat.completions.create({
      ...askStream,
      stream_options: { include_usage: true },
    });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe('héllo');
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('stop');
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 44, completion_tokens: 5 },
    });
    expect(await wholeSpendOf(owner)).toMatchObject([
      { cost: COST, source: 'provider', status: 'ok' },
      { cost: COST, source: 'provider', status: 'ok' },
    ]);
  });

  test('are answered by a model of another format when theirs fails (R1, R3)', async ({
    start,
    upstream,
    key,
    owner,
  }) => {
    const { url } = upstream;
    const endpoint = { provider: 'anthropic', baseUrl: url, credential: null } as const;
    upstream.answer = ({ url: path }, reply) =>
      path === '/v1/messages'
        ? answerEvents(reply, STREAM)
        : answerJson(reply, {}, { status: 503 });
    const gateway = await start({
      deployments: [
        deploymentAt(url, { model: 'm', id: 'chat' }),
        deploymentAt(url, { model: 'claude', id: 'messages', endpoint, price: PRICE }),
      ],
      routing: {
        ...FAST_ROUTING,
        fallbacks: { ...NO_FALLBACKS, generic: new Map([['m', ['claude']]]) },
      },
    });
    const answer = await gateway.chat(key, askStream);
    expect(answer.headers.get('x-litellm-model-id')).toBe('messages');
    const text = await answer.text();
    expect(text).toContain('"content":"llo"');
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
    expect((await wholeSpendOf(owner)).at(-1)).toMatchObject({ cost: COST, status: 'ok' });
  });

  test('put streamed calls together', async ({ client, upstream }) => {
    upstream.answer = (_, reply) =>
      answerEvents(reply, [
        START,
        BLOCK,
        said('Let me look.'),
        stopBlock(0),
        callBlock(1, 'a'),
        argue(1, '{"at":'),
        PING,
        argue(1, '"x"}'),
        stopBlock(1),
        callBlock(2, 'b'),
        stopBlock(2),
        DELTA.replace('end_turn', 'tool_use'),
        STOP,
      ]);
    const completion = await client.chat.completions
      .stream({ ...ask, tools })
      .finalChatCompletion();
    expect(completion.choices[0]?.message).toMatchObject({
      content: 'Let me look.',
      tool_calls: [
        { id: 'a', function: { name: 'look', arguments: '{"at":"x"}' } },
        { id: 'b', function: { name: 'look', arguments: '{}' } },
      ],
    });
  });

  test('read errors as their own types, whole and midway', async ({ client, upstream, owner }) => {
    const error = { type: 'error', error: { type: 'overloaded_error', message: 'busy' } };
    upstream.answer = (_, reply) => answerJson(reply, error, { status: 400 });
    const refusal = await client.chat.completions.create(ask).catch((thrown: unknown) => thrown);
    expect(refusal).toBeInstanceOf(OpenAI.BadRequestError);
    expect(refusal).toMatchObject({ error: { message: 'busy' } });
    const readAll = async (): Promise<void> => {
      const stream = await client.chat.completions.create(askStream);
      for await (const _ of stream);
    };
    upstream.answer = (_, reply) => answerEvents(reply, [START, BLOCK, said('a'), eventOf(error)]);
    await expect(readAll()).rejects.toMatchObject({ error: { message: 'busy' } });
    upstream.answer = (_, reply) => {
      reply.writeHead(200, { 'content-type': 'text/event-stream' });
      reply.write(START + BLOCK + said('a'), () => reply.destroy());
    };
    await expect(readAll()).rejects.toBeInstanceOf(OpenAI.APIError);
    // Closed as if it were whole, without its last event.
    upstream.answer = (_, reply) => answerEvents(reply, [START, BLOCK, said('a')]);
    await expect(readAll()).rejects.toBeInstanceOf(OpenAI.APIError);
    expect((await wholeSpendOf(owner)).map(({ status }) => status)).toEqual(Array(4).fill('error'));
    expect(await openReservations(owner)).toBe(0);
  });
});
