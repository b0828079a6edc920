import Anthropic from '@anthropic-ai/sdk';
import { jsonSchemaOutputFormat } from '@anthropic-ai/sdk/helpers/json-schema';
import { describe, expect } from 'vitest';

import { openReservations, wholeSpendOf } from '../fixture.sql.ts';
import { deploymentAt, type RunningGateway } from '../gateway-fixture.ts';
import { answerEvents, answerJson, worldTest } from '../world-fixture.ts';

const test = worldTest.extend<{ gateway: RunningGateway; client: Anthropic }>({
  gateway: async ({ upstream, start }, use) => {
    await use(await start({ deployments: [deploymentAt(upstream.url)] }));
  },
  client: async ({ gateway, key }, use) => {
    await use(new Anthropic({ apiKey: key, baseURL: gateway.url, maxRetries: 0 }));
  },
});

const ask = {
  model: 'm',
  max_tokens: 2_000,
  messages: [{ role: 'user' as const, content: 'hello' }],
};
const tools = [
  {
    name: 'look',
    description: 'Looks.',
    input_schema: { type: 'object' as const, properties: { at: { type: 'string' } } },
  },
];

const usage = {
  prompt_tokens: 10,
  completion_tokens: 5,
  total_tokens: 15,
  prompt_tokens_details: { cached_tokens: 4 },
};
const COST = 6n * 1_000n + 4n * 100n + 5n * 10_000n;

const completion = (message: object, finish_reason = 'stop') => ({
  id: 'c',
  object: 'chat.completion',
  created: 1,
  model: 'x',
  choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason }],
  usage,
});

const chunk = (delta: object, finish_reason: string | null = null): string =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'x', choices: [{ index: 0, delta, finish_reason }], usage: null })}\n\n`;
const USAGE = `data: ${JSON.stringify({ id: 'c', choices: [], usage })}\n\n`;
const DONE = 'data: [DONE]\n\n';
const argue = (index: number, text: string, more: object = {}) =>
  chunk({ tool_calls: [{ index, ...more, function: { arguments: text, ...nameOf(more) } }] });
const nameOf = (more: { readonly id?: string }) => (more.id === undefined ? {} : { name: 'look' });

function askedBody(upstream: { readonly asked: readonly { readonly body: Buffer }[] }) {
  return JSON.parse(upstream.asked.at(-1)?.body.toString() ?? '') as Record<string, unknown>;
}

describe("Anthropic's own client, and a provider that speaks chat", () => {
  test('get a message, whose usage is booked as the provider told it (M2)', async ({
    client,
    upstream,
    owner,
  }) => {
    upstream.answer = (_, reply) => answerJson(reply, completion({ content: 'hi' }, 'length'));
    const message = await client.messages.create({
      ...ask,
      system: [
        { type: 'text', text: 'First.' },
        { type: 'text', text: 'Second.' },
      ],
      stop_sequences: ['END'],
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is this?' },
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'aGk=' } },
          ],
        },
      ],
    });
    expect(message._request_id).toMatch(/./);
    expect(message).toMatchObject({
      type: 'message',
      role: 'assistant',
      content: [{ type: 'text', text: 'hi' }],
      stop_reason: 'max_tokens',
      usage: { input_tokens: 6, cache_read_input_tokens: 4, output_tokens: 5 },
    });
    expect(upstream.asked[0]).toMatchObject({ url: '/v1/chat/completions' });
    expect(upstream.asked[0]?.headers['x-api-key']).toBeUndefined();
    expect(askedBody(upstream)).toEqual({
      model: 'm-upstream',
      max_tokens: 2_000,
      stop: ['END'],
      messages: [
        {
          role: 'system',
          content: [
            { type: 'text', text: 'First.' },
            { type: 'text', text: 'Second.' },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is this?' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,aGk=' } },
          ],
        },
      ],
    });
    expect(await wholeSpendOf(owner)).toMatchObject([
      { cost: COST, input: 10n, cached: 4n, output: 5n, source: 'provider', status: 'ok' },
    ]);
    expect(await openReservations(owner)).toBe(0);
  });

  test('use tools in parallel, and give back what they found', async ({ client, upstream }) => {
    const calls = ['a', 'b'].map((id) => ({
      id,
      type: 'function',
      function: { name: 'look', arguments: `{"at":"${id}"}` },
    }));
    upstream.answer = (_, reply) =>
      answerJson(reply, completion({ content: null, tool_calls: calls }, 'tool_calls'));
    const message = await client.messages.create({
      ...ask,
      tools,
      tool_choice: { type: 'any', disable_parallel_tool_use: false },
    });
    expect(message.stop_reason).toBe('tool_use');
    expect(message.content).toMatchObject([
      { type: 'tool_use', id: 'a', name: 'look', input: { at: 'a' } },
      { type: 'tool_use', id: 'b', name: 'look', input: { at: 'b' } },
    ]);
    expect(askedBody(upstream)).toMatchObject({
      tools: [{ type: 'function', function: { name: 'look', description: 'Looks.' } }],
      tool_choice: 'required',
    });
    await client.messages.create({
      ...ask,
      tools,
      messages: [
        ...ask.messages,
        { role: 'assistant', content: message.content },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'a', content: 'one' },
            { type: 'tool_result', tool_use_id: 'b', content: 'two', is_error: true },
            { type: 'text', text: 'And?' },
          ],
        },
      ],
    });
    expect(askedBody(upstream)['messages']).toMatchObject([
      { role: 'user' },
      { role: 'assistant', tool_calls: [{ id: 'a' }, { id: 'b' }] },
      { role: 'tool', tool_call_id: 'a', content: 'one' },
      { role: 'tool', tool_call_id: 'b' },
      { role: 'user', content: 'And?' },
    ]);
  });

  test('ask for thinking and for a shape, and get the thoughts', async ({ client, upstream }) => {
    upstream.answer = (_, reply) =>
      answerJson(reply, completion({ reasoning_content: 'hm', content: '{"a":1}' }));
    const schema = { type: 'object', properties: { a: { type: 'number' } } } as const;
    const message = await client.messages.parse({
      ...ask,
      thinking: { type: 'enabled', budget_tokens: 1_500 },
      output_config: { format: jsonSchemaOutputFormat(schema, { transform: false }) },
    });
    expect(message.parsed_output).toEqual({ a: 1 });
    expect(message.content).toMatchObject([
      { type: 'thinking', thinking: 'hm' },
      { type: 'text', text: '{"a":1}' },
    ]);
    expect(askedBody(upstream)).toMatchObject({
      reasoning_effort: 'low',
      response_format: { type: 'json_schema', json_schema: { schema } },
    });
  });

  test('read a stream with thoughts, text and interleaved calls, and its usage (M3)', async ({
    client,
    upstream,
    owner,
  }) => {
    upstream.answer = (_, reply) =>
      answerEvents(reply, [
        chunk({ role: 'assistant', content: '' }),
        chunk({ reasoning_content: 'hm' }),
        chunk({ content: 'Let me ' }),
        chunk({ content: 'lóok.' }),
        argue(0, '', { id: 'a', type: 'function' }),
        argue(0, '{"at":'),
        argue(1, '{"at":"b"}', { id: 'b', type: 'function' }),
        argue(0, '"a"}'),
        chunk({}, 'tool_calls'),
        USAGE,
        DONE,
      ]);
    const stream = client.messages.stream({ ...ask, tools });
    const names: string[] = [];
    stream.on('streamEvent', ({ type }) => names.push(type));
    const message = await stream.finalMessage();
    expect(message.content).toMatchObject([
      { type: 'thinking', thinking: 'hm' },
      { type: 'text', text: 'Let me lóok.' },
      { type: 'tool_use', id: 'a', input: { at: 'a' } },
      { type: 'tool_use', id: 'b', input: { at: 'b' } },
    ]);
    expect(message).toMatchObject({
      stop_reason: 'tool_use',
      usage: { input_tokens: 6, cache_read_input_tokens: 4, output_tokens: 5 },
    });
    expect(names.slice(-2)).toEqual(['message_delta', 'message_stop']);
    expect(askedBody(upstream)['stream_options']).toEqual({ include_usage: true });
    expect(await wholeSpendOf(owner)).toMatchObject([
      { cost: COST, source: 'provider', status: 'ok' },
    ]);
  });

  test('read errors as their own types, whole and midway', async ({ client, upstream, owner }) => {
    const error = { error: { message: 'slow down', type: 'rate_limit_error', code: null } };
    upstream.answer = (_, reply) =>
      answerJson(reply, error, { status: 429, headers: { 'retry-after': '3' } });
    const refusal = await client.messages.create(ask).catch((thrown: unknown) => thrown);
    expect(refusal).toBeInstanceOf(Anthropic.RateLimitError);
    expect(refusal).toMatchObject({
      error: { type: 'error', error: { type: 'rate_limit_error', message: 'slow down' } },
    });
    upstream.answer = (_, reply) => {
      reply.writeHead(500, { 'content-type': 'text/html' });
      reply.end('<html>');
    };
    await expect(client.messages.create(ask)).rejects.toMatchObject({
      status: 500,
      error: { type: 'error', error: { type: 'api_error' } },
    });
    upstream.answer = (_, reply) =>
      answerEvents(reply, [chunk({ content: 'a' }), `data: ${JSON.stringify(error)}\n\n`, DONE]);
    await expect(client.messages.stream(ask).finalMessage()).rejects.toMatchObject({
      error: { type: 'error', error: { type: 'api_error', message: 'slow down' } },
    });
    upstream.answer = (_, reply) => {
      reply.writeHead(200, { 'content-type': 'text/event-stream' });
      reply.write(chunk({ content: 'a' }), () => reply.destroy());
    };
    await expect(client.messages.stream(ask).finalMessage()).rejects.toMatchObject({
      error: { type: 'error', error: { type: 'api_error' } },
    });
    expect((await wholeSpendOf(owner)).map(({ status }) => status)).toEqual(Array(4).fill('error'));
    expect(await openReservations(owner)).toBe(0);
  });

  test('are told what could not be said, and refused what cannot be left out', async ({
    gateway,
    key,
    upstream,
    owner,
  }) => {
    upstream.answer = (_, reply) => answerJson(reply, completion({ content: 'hi' }));
    const headers = { 'x-api-key': key };
    const answer = await gateway.post('/v1/messages', { ...ask, top_k: 5 }, headers);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-sagewai-untranslated')).toBe('top_k');
    const history = [
      ...ask.messages,
      {
        role: 'assistant',
        content: [{ type: 'server_tool_use', id: 's', name: 'web_search', input: {} }],
      },
    ];
    const refused = await gateway.post('/v1/messages', { ...ask, messages: history }, headers);
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({
      type: 'error',
      error: { type: 'invalid_request_error', message: expect.stringContaining('`messages`') },
    });
    expect(await wholeSpendOf(owner)).toHaveLength(1);
    expect(await openReservations(owner)).toBe(0);
  });
});

test('the simulated provider answers messages too, whole and as a stream', async ({
  start,
  key,
}) => {
  const gateway = await start({});
  const client = new Anthropic({ apiKey: key, baseURL: gateway.url, maxRetries: 0 });
  const whole = await client.messages.create({ ...ask, model: 'simulated' });
  const streamed = await client.messages.stream({ ...ask, model: 'simulated' }).finalMessage();
  expect(whole.content).toMatchObject([
    { type: 'text', text: expect.stringContaining('[simulated]') },
  ]);
  expect(streamed.content).toMatchObject(whole.content);
  expect(streamed.usage).toMatchObject({
    input_tokens: whole.usage.input_tokens,
    output_tokens: whole.usage.output_tokens,
  });
  expect(whole.stop_reason).toBe('end_turn');
});
