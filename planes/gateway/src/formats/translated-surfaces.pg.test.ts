import { Secret } from '@sagewai/config';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { afterEach, describe, expect } from 'vitest';

import { openReservations, wholeSpendOf } from '../fixture.sql.ts';
import { deploymentAt, type FakeUpstream, makeKey, UPSTREAM_KEY } from '../gateway-fixture.ts';
import { flatPrice, ratesOf } from '../money/price.ts';
import { checkAnswers } from '../openai-answers-fixture.ts';
import type { ProviderName } from '../providers/provider.ts';
import { answerEvents, answerJson, worldTest as test } from '../world-fixture.ts';
import { MESSAGE, STREAM as MESSAGES_STREAM } from './messages-fixture.ts';

const PRICE = flatPrice(ratesOf({ input: 1_000n, cachedInput: 100n, output: 10_000n }));
const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
const COST = 10n * 1_000n + 5n * 10_000n;

const at = (url: string, provider: ProviderName = 'compatible') => [
  deploymentAt(url, {
    endpoint: { provider, baseUrl: url, credential: new Secret(UPSTREAM_KEY) },
    price: PRICE,
  }),
];

// What is translated is as OpenAI describes it.
const checked = checkAnswers();
afterEach(async () => expect(await checked.mistakes()).toEqual([]));

const clientOf = (url: string, apiKey: string): OpenAI =>
  new OpenAI({ apiKey, baseURL: `${url}/v1`, maxRetries: 0, fetch: checked.fetch });

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

const completion = (message: object, finish_reason = 'stop') => ({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'm-upstream',
  choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason }],
  usage,
});

const chunk = (delta: object, finish_reason: string | null = null): string =>
  `data: ${JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm-upstream',
    choices: [{ index: 0, delta, finish_reason }],
    usage: null,
  })}\n\n`;

const ENDS = [
  chunk({}, 'stop'),
  `data: ${JSON.stringify({ id: 'chatcmpl-1', choices: [], usage })}\n\n`,
  'data: [DONE]\n\n',
];
const HELLO = [
  chunk({ role: 'assistant', content: '' }),
  chunk({ content: 'hé' }),
  chunk({ content: 'llo' }),
  ...ENDS,
];

const call = {
  id: 'call_a',
  type: 'function',
  function: { name: 'look_up', arguments: '{"q":1}' },
};
const CALLS = [
  chunk({
    role: 'assistant',
    tool_calls: [{ index: 0, ...call, function: { name: 'look_up', arguments: '' } }],
  }),
  chunk({ tool_calls: [{ index: 0, function: { arguments: '{"q"' } }] }),
  chunk({ tool_calls: [{ index: 0, function: { arguments: ':1}' } }] }),
  ...ENDS,
];

const askedBody = (upstream: FakeUpstream): Record<string, unknown> =>
  JSON.parse(upstream.asked.at(-1)?.body.toString() ?? '{}') as Record<string, unknown>;

/** Whole where it is asked for whole, else streamed. */
function answers(upstream: FakeUpstream, whole: object, events: readonly string[]): void {
  upstream.answer = (_, reply, body) =>
    /"stream":true/.test(body.toString()) ? answerEvents(reply, events) : answerJson(reply, whole);
}

describe('a response, over a provider of chat', () => {
  test('is whole or streamed to the client of OpenAI, and booked as the provider said (M2, M3)', async ({
    upstream,
    key,
    start,
    owner,
  }) => {
    answers(upstream, completion({ content: 'héllo' }), HELLO);
    const gateway = await start({ deployments: at(upstream.url) });
    const client = clientOf(gateway.url, key);
    const ask = { model: 'm', input: 'hello', instructions: 'Be brief.', max_output_tokens: 50 };
    const whole = await client.responses.create(ask);
    expect(whole.output_text).toBe('héllo');
    expect(whole.usage).toMatchObject({ input_tokens: 10, output_tokens: 5 });
    expect(upstream.asked[0]?.url).toBe('/v1/chat/completions');
    expect(askedBody(upstream)).toEqual({
      model: 'm-upstream',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'hello' },
      ],
      max_tokens: 50,
    });
    const stream = client.responses.stream(ask);
    let said = '';
    for await (const event of stream) {
      if (event.type === 'response.output_text.delta') said += event.delta;
      if (event.type === 'response.completed') expect(await openReservations(owner)).toBe(0);
    }
    expect(said).toBe('héllo');
    expect((await stream.finalResponse()).output_text).toBe('héllo');
    expect(await wholeSpendOf(owner)).toMatchObject([
      { cost: COST, source: 'provider', status: 'ok' },
      { cost: COST, source: 'provider', status: 'ok' },
    ]);
  });

  test('calls tools and takes their results, and one that OpenAI runs is left out and told', async ({
    upstream,
    key,
    start,
  }) => {
    answers(upstream, completion({ content: null, tool_calls: [call] }, 'tool_calls'), CALLS);
    const gateway = await start({ deployments: at(upstream.url) });
    const client = clientOf(gateway.url, key);
    const tools = [
      { type: 'function', name: 'look_up', parameters: { type: 'object' }, strict: false },
      { type: 'web_search' },
    ] as const;
    const first = client.responses.stream({ model: 'm', input: 'hello', tools: [...tools] });
    const { output } = await first.finalResponse();
    expect(output).toMatchObject([
      { type: 'function_call', call_id: 'call_a', name: 'look_up', arguments: '{"q":1}' },
    ]);
    const { response } = await client.responses
      .create({
        model: 'm',
        tools: [...tools],
        input: [
          { role: 'user', content: 'hello' },
          { type: 'function_call', call_id: 'call_a', name: 'look_up', arguments: '{"q":1}' },
          { type: 'function_call_output', call_id: 'call_a', output: 'found' },
        ],
      })
      .withResponse();
    expect(response.headers.get('x-sagewai-untranslated')).toBe('tools.web_search');
    expect(askedBody(upstream)['messages']).toEqual([
      { role: 'user', content: 'hello' },
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: 'call_a', content: 'found' },
    ]);
  });

  test('that the provider gives up midway ends failed, with what was said', async ({
    upstream,
    key,
    start,
    owner,
  }) => {
    const error = { message: 'overloaded', type: 'server_error', code: null };
    upstream.answer = (_, reply) =>
      answerEvents(reply, [chunk({ content: 'half' }), `data: ${JSON.stringify({ error })}\n\n`]);
    const gateway = await start({ deployments: at(upstream.url) });
    const client = clientOf(gateway.url, key);
    const last = await client.responses.stream({ model: 'm', input: 'hello' }).finalResponse();
    expect(last).toMatchObject({ status: 'failed', error: { message: 'overloaded' } });
    expect(await wholeSpendOf(owner)).toMatchObject([{ source: 'estimate', status: 'error' }]);
  });

  test('reaches Anthropic by two steps, with the same sums', async ({
    upstream,
    key,
    start,
    owner,
  }) => {
    answers(upstream, MESSAGE, MESSAGES_STREAM);
    const gateway = await start({ deployments: at(upstream.url, 'anthropic') });
    const client = clientOf(gateway.url, key);
    const ask = { model: 'm', input: 'hello', max_output_tokens: 50 };
    expect((await client.responses.create(ask)).output_text).toBe('hi');
    expect(upstream.asked[0]?.url).toBe('/v1/messages');
    expect(askedBody(upstream)).toMatchObject({ max_tokens: 50 });
    const last = await client.responses.stream(ask).finalResponse();
    expect(last.output_text).toBe('héllo');
    expect(last.usage?.input_tokens).toBe(44);
    const [whole, streamed] = await wholeSpendOf(owner);
    expect([whole?.input, streamed?.input]).toEqual([44n, 44n]);
  });

  test('what is refused keeps its words; what is kept elsewhere is refused (M7)', async ({
    upstream,
    key,
    start,
    owner,
  }) => {
    const refusal = { error: { message: 'too long', type: 'invalid_request_error', code: 'x' } };
    upstream.answer = (_, reply) => answerJson(reply, refusal, { status: 400 });
    const gateway = await start({ deployments: at(upstream.url) });
    const ask = (body: object) =>
      gateway.post('/v1/responses', { model: 'm', ...body }, bearer(key));
    const first = await ask({ input: 'hello' });
    expect([first.status, await first.json()]).toEqual([400, refusal]);
    const second = await ask({ input: [{ type: 'computer_call', id: 'x' }] });
    expect(await second.json()).toMatchObject({ error: { param: 'input' } });
    expect(upstream.asked).toHaveLength(1);
    expect(await wholeSpendOf(owner)).toMatchObject([{ cost: 0n }]);
  });

  test('without a limit of its own is capped by what is granted (M1)', async ({
    upstream,
    db,
    tenant,
    start,
  }) => {
    answers(upstream, completion({ content: 'x' }), HELLO);
    const gateway = await start({ deployments: at(upstream.url) });
    const { value } = await makeKey(db, tenant, { limits: { usdPerDay: 6_000_000n } });
    await gateway.post('/v1/responses', { model: 'm', input: 'hello' }, bearer(value));
    expect(askedBody(upstream)['max_tokens']).toBeGreaterThan(0);
    expect(askedBody(upstream)['max_tokens']).toBeLessThan(1_000);
  });
});

test('a completion, over a provider of chat, is read by the client of OpenAI', async ({
  upstream,
  key,
  start,
  owner,
}) => {
  answers(upstream, completion({ content: ' sky' }), HELLO);
  const gateway = await start({ deployments: at(upstream.url, 'openai') });
  const client = clientOf(gateway.url, key);
  const ask = { model: 'm', prompt: 'The blue', echo: true };
  expect((await client.completions.create(ask)).choices[0]?.text).toBe('The blue sky');
  expect(askedBody(upstream)).toMatchObject({ max_completion_tokens: 16 });
  const stream = await client.completions.create({ ...ask, echo: false, stream: true });
  let text = '';
  for await (const piece of stream) {
    expect(piece.usage ?? null).toBeNull();
    text += piece.choices[0]?.text ?? '';
  }
  expect(text).toBe('héllo');
  expect(await wholeSpendOf(owner)).toMatchObject([{ cost: COST }, { cost: COST }]);
});

describe('an agent that sends Responses to the path of chat (Cursor)', () => {
  test('is answered as a chat, without the usage that it has not asked for', async ({
    upstream,
    key,
    start,
    owner,
  }) => {
    answers(upstream, completion({ content: 'x' }), CALLS);
    const gateway = await start({ deployments: at(upstream.url) });
    const answer = await gateway.chat(key, {
      model: 'm',
      stream: true,
      input: [{ role: 'user', content: [{ type: 'input_text', text: 'hello' }] }],
      tools: [{ type: 'function', name: 'look_up', parameters: { type: 'object' } }],
      reasoning: { effort: 'low' },
    });
    const text = await answer.text();
    expect(text).toContain('"chat.completion.chunk"');
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
    expect(text).not.toContain('prompt_tokens');
    expect(askedBody(upstream)).toMatchObject({
      messages: [{ role: 'user', content: 'hello' }],
      tools: [{ type: 'function', function: { name: 'look_up' } }],
      reasoning_effort: 'low',
    });
    expect(await wholeSpendOf(owner)).toMatchObject([{ cost: COST, source: 'provider' }]);
  });

  test('gets calls of its tools of free text as such, from a provider that knows functions only', async ({
    upstream,
    key,
    start,
  }) => {
    const made = { name: 'ApplyPatch', arguments: '{"input":"*** Begin"}' };
    upstream.answer = (_, reply) =>
      answerEvents(reply, [
        chunk({
          role: 'assistant',
          tool_calls: [{ index: 0, id: 'call_a', type: 'function', function: made }],
        }),
        ...ENDS,
      ]);
    const gateway = await start({ deployments: at(upstream.url) });
    const client = clientOf(gateway.url, key);
    const messages = [{ role: 'user', content: 'hello' }];
    const asked = { messages, tools: [{ type: 'custom', name: 'ApplyPatch' }] };
    const stream = client.chat.completions.stream({ model: 'm', ...asked } as never);
    const { choices } = await stream.finalChatCompletion();
    expect(choices[0]?.message.tool_calls).toMatchObject([
      { id: 'call_a', type: 'custom', custom: { name: 'ApplyPatch', input: '*** Begin' } },
    ]);
    expect(askedBody(upstream)).toMatchObject({ tools: [{ function: { name: 'ApplyPatch' } }] });
  });

  test('may write some tools of a chat flat; a chat without messages is none', async ({
    upstream,
    key,
    start,
  }) => {
    answers(upstream, completion({ content: 'x' }), HELLO);
    const gateway = await start({ deployments: at(upstream.url) });
    const nested = { type: 'function', function: { name: 'b', parameters: { type: 'object' } } };
    const ask = { model: 'm', messages: [{ role: 'user', content: 'hello' }], max_tokens: 5 };
    const flat = { type: 'function', name: 'a', parameters: { type: 'object' } };
    expect((await gateway.chat(key, { ...ask, tools: [flat, nested] })).status).toBe(200);
    expect(askedBody(upstream)).toMatchObject({
      ...ask,
      model: 'm-upstream',
      tools: [{ function: { name: 'a' } }, nested],
    });
    const none = await gateway.chat(key, { model: 'm' });
    expect([none.status, await none.json()]).toMatchObject([400, { error: { param: 'messages' } }]);
  });
});

describe('the client of Ollama', () => {
  const client = (url: string, key: string) => new Ollama({ host: url, headers: bearer(key) });

  test('chats, whole and streamed, with tools and pictures', async ({
    upstream,
    key,
    start,
    owner,
  }) => {
    answers(upstream, completion({ content: null, tool_calls: [call] }, 'tool_calls'), HELLO);
    const gateway = await start({ deployments: at(upstream.url) });
    const ollama = client(gateway.url, key);
    const whole = await ollama.chat({
      model: 'm',
      messages: [{ role: 'user', content: 'hi', images: ['/9j/AAAA'] }],
      tools: [{ type: 'function', function: { name: 'look_up', parameters: { type: 'object' } } }],
      options: { num_predict: 20, temperature: 0 },
    });
    expect(whole.message.tool_calls).toEqual([
      { function: { name: 'look_up', arguments: { q: 1 } } },
    ]);
    expect(whole).toMatchObject({ model: 'm', done: true, prompt_eval_count: 10, eval_count: 5 });
    expect(askedBody(upstream)).toMatchObject({ max_tokens: 20, temperature: 0, stream: false });
    const answer = await ollama.chat({
      model: 'm',
      messages: [{ role: 'user', content: 'hi' }],
      stream: true,
    });
    let said = '';
    for await (const line of answer) {
      said += line.message.content;
      if (line.done) expect(line).toMatchObject({ done_reason: 'stop', eval_count: 5 });
    }
    expect(said).toBe('héllo');
    expect(await wholeSpendOf(owner)).toMatchObject([{ cost: COST }, { cost: COST }]);
    expect(await openReservations(owner)).toBe(0);
  });

  test('asks single questions, lists and shows models, and embeds', async ({
    upstream,
    key,
    start,
  }) => {
    answers(upstream, completion({ content: '{"a":1}' }), HELLO);
    const gateway = await start({ deployments: at(upstream.url), simulated: null });
    const ollama = client(gateway.url, key);
    const format = { type: 'object', properties: { a: { type: 'number' } } };
    const made = await ollama.generate({ model: 'm', prompt: 'hi', system: 's', format });
    expect(made.response).toBe('{"a":1}');
    expect(askedBody(upstream)).toMatchObject({
      response_format: { json_schema: { schema: format } },
    });
    expect((await ollama.list()).models).toMatchObject([{ name: 'm', model: 'm' }]);
    expect((await ollama.show({ model: 'm' })).capabilities).toContain('tools');
    expect((await ollama.version()).version).toMatch(/^\d+\.\d+\.\d+$/);
    expect((await ollama.generate({ model: 'm', prompt: '' })).done_reason).toBe('load');
    upstream.answer = (_, reply) =>
      answerJson(reply, {
        data: [
          { index: 1, embedding: [2] },
          { index: 0, embedding: [1] },
        ],
        usage: { prompt_tokens: 3, total_tokens: 3 },
      });
    const { embeddings, prompt_eval_count } = await ollama.embed({ model: 'm', input: ['a', 'b'] });
    expect([embeddings, prompt_eval_count]).toEqual([[[1], [2]], 3]);
    expect(upstream.asked.at(-1)?.url).toBe('/v1/embeddings');
  });

  test('is told errors in its own words, before and midway, and streams lines', async ({
    upstream,
    key,
    start,
  }) => {
    const gateway = await start({ deployments: at(upstream.url) });
    // The client writes into what it is given.
    const ask = () => ({ model: 'm', messages: [{ role: 'user', content: 'hi' }] });
    await expect(client(gateway.url, 'sk-wrong').chat(ask())).rejects.toMatchObject({
      status_code: 401,
    });
    await expect(client(gateway.url, key).show({ model: 'nope' })).rejects.toThrow(
      "model 'nope' not found",
    );
    await expect(client(gateway.url, key).chat({ ...ask(), model: 'nope' })).rejects.toMatchObject({
      status_code: 404,
    });
    upstream.answer = (_, reply) =>
      answerJson(reply, { error: { message: 'too long' } }, { status: 400 });
    await expect(client(gateway.url, key).chat(ask())).rejects.toThrow('too long');
    let breakOff = (): void => {};
    upstream.answer = (_, reply) => {
      reply.writeHead(200, { 'content-type': 'text/event-stream' });
      reply.write(chunk({ content: 'half' }));
      breakOff = () => void reply.destroy();
    };
    const answer = await gateway.post('/api/chat', ask(), bearer(key));
    expect(answer.headers.get('content-type')).toBe('application/x-ndjson');
    let text = '';
    const decoder = new TextDecoder();
    for await (const bytes of answer.body ?? []) {
      text += decoder.decode(bytes, { stream: true });
      breakOff();
    }
    const lines = text.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { message: { content: 'half' }, done: false },
      { error: expect.stringContaining('broke the connection off') },
    ]);
  });
});

test('what the guides try first is answered by the model that is always there', async ({
  key,
  start,
  owner,
}) => {
  const gateway = await start({});
  const ask = async (path: string, body: object): Promise<string> =>
    (await gateway.post(path, { model: 'simulated', ...body }, bearer(key))).text();
  const messages = [{ role: 'user', content: 'Hello' }];
  expect(await ask('/v1/responses', { input: 'Hello', stream: true })).toContain(
    'event: response.completed',
  );
  expect(await ask('/v1/completions', { prompt: 'Hello' })).toContain('text_completion');
  expect(await ask('/api/chat', { messages })).toContain('"done":true');
  expect(await ask('/api/generate', { prompt: 'Hello', stream: false })).toContain('[simulated]');
  const input = [{ role: 'user', content: 'Hello' }];
  expect(await ask('/v1/chat/completions', { input, stream: true })).toContain('[DONE]');
  expect((await wholeSpendOf(owner)).map(({ source, status }) => [source, status])).toEqual(
    Array.from({ length: 5 }, () => ['provider', 'ok']),
  );
});
