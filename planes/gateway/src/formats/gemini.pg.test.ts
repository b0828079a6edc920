import assert from 'node:assert/strict';

import Anthropic from '@anthropic-ai/sdk';
import { Secret } from '@sagewai/config';
import OpenAI from 'openai';
import { describe, expect } from 'vitest';

import { openReservations, wholeSpendOf } from '../fixture.sql.ts';
import { deploymentAt, makeKey, type RunningGateway, UPSTREAM_KEY } from '../gateway-fixture.ts';
import { flatPrice, ratesOf } from '../money/price.ts';
import { checkAnswers } from '../openai-answers-fixture.ts';
import { answerEvents, answerJson, worldTest } from '../world-fixture.ts';

const PRICE = flatPrice(ratesOf({ input: 1_000n, cachedInput: 100n, output: 10_000n }));
const USAGE = {
  promptTokenCount: 20,
  cachedContentTokenCount: 4,
  toolUsePromptTokenCount: 3,
  candidatesTokenCount: 5,
  thoughtsTokenCount: 7,
};
const COST = 19n * 1_000n + 4n * 100n + 12n * 10_000n;

const test = worldTest.extend<{ gateway: RunningGateway; client: OpenAI; claude: Anthropic }>({
  gateway: async ({ upstream, start }, use) => {
    const { url } = upstream;
    const endpoint = {
      provider: 'gemini',
      baseUrl: url,
      credential: new Secret(UPSTREAM_KEY),
    } as const;
    const upstreamModel = 'gemini-3-pro';
    const of = { upstreamModel, price: PRICE };
    const two = ['revoked', 'good'].map((id) =>
      deploymentAt(url, {
        ...of,
        id,
        model: 'two',
        endpoint: { ...endpoint, credential: new Secret(`sk-${id}`) },
      }),
    );
    await use(await start({ deployments: [deploymentAt(url, { ...of, endpoint }), ...two] }));
  },
  client: async ({ gateway, key }, use) => {
    const { fetch, mistakes } = checkAnswers();
    await use(new OpenAI({ apiKey: key, baseURL: `${gateway.url}/v1`, maxRetries: 0, fetch }));
    assert.deepEqual(await mistakes(), []);
  },
  claude: async ({ gateway, key }, use) => {
    await use(new Anthropic({ apiKey: key, baseURL: gateway.url, maxRetries: 0 }));
  },
});

const ask = { model: 'm', messages: [{ role: 'user' as const, content: 'hello' }] };
const askStream = { ...ask, stream: true as const, stream_options: { include_usage: true } };
const parts = [
  { text: 'hm', thought: true },
  { text: 'Let me look.' },
  { functionCall: { name: 'look', args: { at: 'x' } }, thoughtSignature: 'c2ln' },
  { functionCall: { name: 'look', args: {} } },
];
const answerOf = (said: readonly object[], more: object = { finishReason: 'STOP' }) => ({
  candidates: [{ content: { role: 'model', parts: said }, index: 0, ...more }],
  usageMetadata: USAGE,
  modelVersion: 'gemini-3-pro',
  responseId: 'r1',
});
const eventOf = (body: object): string => `data: ${JSON.stringify(body)}\r\n\r\n`;
const STREAM = [
  ...parts.map((part) => eventOf(answerOf([part], {}))),
  eventOf(answerOf([{ text: '' }])),
];
const tools = [
  {
    type: 'function' as const,
    function: { name: 'look', parameters: { type: 'object', properties: {} } },
  },
];

function askedBody(upstream: { readonly asked: readonly { readonly body: Buffer }[] }) {
  return JSON.parse(upstream.asked.at(-1)?.body.toString() ?? '') as Record<string, unknown>;
}

const UNKNOWN_KEY = {
  error: {
    code: 400,
    message: 'API key not valid. Please pass a valid API key.',
    status: 'INVALID_ARGUMENT',
    details: [{ reason: 'API_KEY_INVALID' }],
  },
};

describe("OpenAI's own client, and a provider that speaks Gemini's format", () => {
  test('use tools in parallel, whose signatures go back where they came from (M2, M3, M6)', async ({
    client,
    upstream,
    owner,
  }) => {
    upstream.answer = (_, reply) => answerJson(reply, answerOf(parts));
    const completion = await client.chat.completions.create({ ...ask, tools });
    const [choice] = completion.choices;
    if (choice === undefined) throw new Error('no choice');
    expect(choice).toMatchObject({
      finish_reason: 'tool_calls',
      message: { content: 'Let me look.', reasoning_content: 'hm' },
    });
    expect(completion.usage).toMatchObject({ prompt_tokens: 23, completion_tokens: 12 });
    expect(upstream.asked[0]).toMatchObject({
      url: '/v1/models/gemini-3-pro:generateContent',
      headers: { 'x-goog-api-key': UPSTREAM_KEY },
    });
    expect(upstream.asked[0]?.headers.authorization).toBeUndefined();
    await client.chat.completions.create({
      ...ask,
      tools,
      messages: [
        ...ask.messages,
        choice.message,
        ...(choice.message.tool_calls ?? []).map(({ id }) => ({
          role: 'tool' as const,
          tool_call_id: id,
          content: `found by ${id}`,
        })),
      ],
    });
    expect(askedBody(upstream)['contents']).toEqual([
      { role: 'user', parts: [{ text: 'hello' }] },
      { role: 'model', parts: parts.slice(1) },
      {
        role: 'user',
        parts: [0, 1].map((at) => ({
          functionResponse: {
            name: 'look',
            response: { result: `found by call_made_r1_0_${at}` },
          },
        })),
      },
    ]);
    expect(await wholeSpendOf(owner)).toMatchObject(
      Array(2).fill({ cost: COST, input: 23n, cached: 4n, output: 12n, source: 'provider' }),
    );
  });

  test('are held to what a small budget leaves, and have texts embedded (M1, M3)', async ({
    client,
    gateway,
    upstream,
    db,
    tenant,
    owner,
  }) => {
    upstream.answer = (_, reply) => answerJson(reply, { embeddings: [{ values: [0.5, -2] }] });
    const { data } = await client.embeddings.create({ model: 'm', input: 'hello' });
    expect(data[0]?.embedding).toEqual([0.5, -2]);
    expect(upstream.asked[0]?.url).toBe('/v1/models/gemini-3-pro:batchEmbedContents');
    // Nothing tells the usage of an embedding.
    expect(await wholeSpendOf(owner)).toMatchObject([{ source: 'estimate', output: 0n }]);

    upstream.answer = (_, reply) => answerJson(reply, answerOf([{ text: 'hi' }]));
    const { value } = await makeKey(db, tenant, { limits: { usdPerDay: 2_500_000n } });
    expect((await gateway.chat(value, ask)).status).toBe(200);
    const { generationConfig } = askedBody(upstream);
    const { maxOutputTokens } = generationConfig as { maxOutputTokens: number };
    expect(maxOutputTokens).toBeLessThan(1_000);
    expect(maxOutputTokens).toBeGreaterThan(0);
  });

  test('read a stream that is cut anywhere, and errors as their own types, whole and midway (M2, M3)', async ({
    client,
    upstream,
    owner,
  }) => {
    const bytes = Buffer.from(STREAM.join(''));
    upstream.answer = (_, reply) => {
      reply.writeHead(200, { 'content-type': 'text/event-stream' });
      for (let at = 0; at < bytes.length; at += 7) reply.write(bytes.subarray(at, at + 7));
      reply.end();
    };
    const completion = await client.chat.completions
      .stream({ ...askStream, tools })
      .finalChatCompletion();
    expect(upstream.asked[0]?.url).toBe('/v1/models/gemini-3-pro:streamGenerateContent?alt=sse');
    expect(completion.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: {
        content: 'Let me look.',
        tool_calls: [
          { function: { name: 'look', arguments: '{"at":"x"}' } },
          { function: { name: 'look', arguments: '{}' } },
        ],
      },
    });
    expect(completion.usage).toMatchObject({ prompt_tokens: 23, completion_tokens: 12 });

    const error = { error: { code: 400, message: 'no such thing', status: 'INVALID_ARGUMENT' } };
    upstream.answer = (_, reply) => answerJson(reply, error, { status: 400 });
    const refusal = await client.chat.completions.create(ask).catch((thrown: unknown) => thrown);
    expect(refusal).toBeInstanceOf(OpenAI.BadRequestError);
    expect(refusal).toMatchObject({ error: { message: 'no such thing' } });
    upstream.answer = (_, reply) => answerJson(reply, UNKNOWN_KEY, { status: 400 });
    // Ours, and the client need not look for a mistake in its own (M6).
    const ours = await client.chat.completions.create(ask).catch((thrown: unknown) => thrown);
    expect(ours).toMatchObject({ status: 502 });
    expect(JSON.stringify(ours)).not.toContain('API key');
    const readAll = async (): Promise<void> => {
      const stream = await client.chat.completions.create(askStream);
      for await (const _ of stream);
    };
    const [first = ''] = STREAM;
    const busy = { error: { code: 503, message: 'busy', status: 'UNAVAILABLE' } };
    upstream.answer = (_, reply) => answerEvents(reply, [first, eventOf(busy)]);
    await expect(readAll()).rejects.toMatchObject({ error: { message: 'busy' } });
    upstream.answer = (_, reply) => answerEvents(reply, [first]);
    await expect(readAll()).rejects.toBeInstanceOf(OpenAI.APIError);
    // What its events had told of the input is no guess.
    expect(await wholeSpendOf(owner)).toMatchObject([
      { cost: COST, source: 'provider', status: 'ok' },
      { cost: 0n, status: 'error' },
      { cost: 0n, status: 'error' },
      { input: 23n, source: 'estimate', status: 'error' },
      { input: 23n, source: 'estimate', status: 'error' },
    ]);
    expect(await openReservations(owner)).toBe(0);
  });
});

test('a key that Gemini does not know is passed over for another deployment’s (M6)', async ({
  client,
  upstream,
  owner,
}) => {
  upstream.answer = ({ headers }, reply) =>
    headers['x-goog-api-key'] === 'sk-good'
      ? answerJson(reply, answerOf([{ text: 'hi' }]))
      : answerJson(reply, UNKNOWN_KEY, { status: 400 });
  // Until the one that has none was asked.
  for (let n = 0; n < 20; n++) {
    await client.chat.completions.create({ ...ask, model: 'two' });
    if (upstream.asked.some(({ headers }) => headers['x-goog-api-key'] === 'sk-revoked')) break;
  }
  expect(upstream.asked.map(({ headers }) => headers['x-goog-api-key'])).toContain('sk-revoked');
  expect(new Set((await wholeSpendOf(owner)).map(({ cost }) => cost))).toEqual(new Set([COST]));
  expect(await openReservations(owner)).toBe(0);
});

describe("Anthropic's own client, and a provider that speaks Gemini's format", () => {
  test('stream thinking, a call and its signature, and give them back', async ({
    claude,
    upstream,
  }) => {
    upstream.answer = (_, reply) => answerEvents(reply, STREAM);
    const of = { model: 'm', max_tokens: 500 };
    const message = await claude.messages.stream({ ...of, messages: ask.messages }).finalMessage();
    expect(message.stop_reason).toBe('tool_use');
    upstream.answer = (_, reply) => answerJson(reply, answerOf([{ text: 'done' }]));
    const results = message.content.flatMap((block) =>
      block.type === 'tool_use'
        ? [{ type: 'tool_result' as const, tool_use_id: block.id, content: 'found' }]
        : [],
    );
    await claude.messages.create({
      ...of,
      messages: [
        ...ask.messages,
        { role: 'assistant', content: message.content },
        { role: 'user', content: results },
      ],
    });
    expect(askedBody(upstream)).toMatchObject({
      contents: [{}, { role: 'model', parts: parts.slice(1) }, { role: 'user' }],
      generationConfig: { maxOutputTokens: 500 },
    });
  });
});
