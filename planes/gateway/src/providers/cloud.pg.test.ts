import { generateKeyPairSync } from 'node:crypto';
import type { ServerResponse } from 'node:http';

import Anthropic from '@anthropic-ai/sdk';
import { Secret } from '@sagewai/config';
import { fileDatabaseTest, makeTenant } from '@sagewai/testing';
import OpenAI from 'openai';
import { beforeEach, describe, expect } from 'vitest';

import { eventFrame, exceptionFrame } from '../bytes/event-frames-fixture.ts';
import { readLitellmConfig } from '../config-file/read-litellm-config.ts';
import { noticeText } from '../config-file/section.ts';
import { latestSpendOf, openReservations } from '../fixture.sql.ts';
import { MESSAGE, STREAM } from '../formats/messages-fixture.ts';
import {
  type FakeUpstream,
  makeKey,
  type RunningGateway,
  startFakeUpstream,
  startGateway,
} from '../gateway-fixture.ts';
import { DEFAULT_ROUTING } from '../routing/routing.ts';
import { answerEvents, answerJson } from '../world-fixture.ts';
import { signRequest } from './sign-request.ts';

const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2_048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const AWS_SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const AZURE_KEY = 'azure-secret';

const EMBEDDING_PRICE = { input_cost_per_token: 0.0000001, output_cost_per_token: 0 };

/** The providers of these tests, as a file of models names them. */
function deploymentsAt(upstream: FakeUpstream) {
  const { origin } = new URL(upstream.url);
  const account = {
    client_email: 'a@house.example',
    private_key: privateKey,
    project_id: 'house',
    token_uri: `${origin}/token`,
  };
  const azure = { api_base: origin, api_key: AZURE_KEY };
  const vertex = { api_base: origin, vertex_credentials: account };
  const bedrock = {
    api_base: origin,
    aws_region_name: 'us-east-1',
    aws_access_key_id: 'AKIDEXAMPLE',
    aws_secret_access_key: AWS_SECRET,
    aws_session_token: 'session',
  };
  const list = [
    ['gpt', { ...azure, model: 'azure/gpt-4o', api_version: '2025-04-01-preview' }],
    ['gpt-v1', { ...azure, model: 'azure/gpt-4o', api_version: 'v1' }],
    ['embed', { ...azure, model: 'azure/text-embedding-3-small' }],
    ['gemini', { ...vertex, model: 'vertex_ai/gemini-2.5-flash' }],
    ['vertex-embed', { ...vertex, model: 'vertex_ai/text-embedding-005' }, EMBEDDING_PRICE],
    ['titan', { ...bedrock, model: 'bedrock/amazon.titan-embed-text-v2:0' }, EMBEDDING_PRICE],
    ['cohere', { ...bedrock, model: 'bedrock/cohere.embed-english-v3' }, EMBEDDING_PRICE],
    ['claude', { ...vertex, model: 'vertex_ai/claude-sonnet-4-5@20250929' }],
    ['nova', { ...bedrock, model: 'bedrock/amazon.nova-pro-v1:0' }],
    ['sonnet', { ...bedrock, model: 'bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0' }],
    [
      'bearer',
      {
        api_base: origin,
        aws_region_name: 'us-east-1',
        api_key: 'b-1',
        model: 'bedrock/amazon.nova-pro-v1:0',
      },
    ],
  ].map(([model_name, litellm_params, model_info = {}]) => ({
    model_name,
    litellm_params,
    model_info,
  }));
  const of = { env: {}, at: new Date(), routing: DEFAULT_ROUTING };
  const read = readLitellmConfig(JSON.stringify({ model_list: list }), of);
  if (read.kind !== 'read') throw new Error(read.mistakes.map(noticeText).join());
  return read.deployments;
}

interface World {
  readonly upstream: FakeUpstream;
  readonly gateway: RunningGateway;
  readonly key: string;
  readonly client: OpenAI;
  readonly claude: Anthropic;
}

const test = fileDatabaseTest.extend<{ readonly world: World }>({
  world: [
    async ({ db }, use) => {
      const upstream = await startFakeUpstream();
      const gateway = await startGateway(db, { deployments: deploymentsAt(upstream) });
      const key = (await makeKey(db, await makeTenant(db))).value;
      const client = new OpenAI({ apiKey: key, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
      const claude = new Anthropic({ apiKey: key, baseURL: gateway.url, maxRetries: 0 });
      await use({ upstream, gateway, key, client, claude });
      await gateway.close();
      await upstream.close();
    },
    { scope: 'file' },
  ],
});

beforeEach<{ readonly world: World }>(({ world }) => {
  world.upstream.asked.length = 0;
});

const messages = [{ role: 'user' as const, content: 'hello' }];
const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
const COMPLETION = {
  id: 'c',
  object: 'chat.completion',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }],
  usage,
};
const GEMINI = {
  candidates: [{ content: { parts: [{ text: 'hi' }] }, finishReason: 'STOP' }],
  usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 5 },
};

describe('deployments of Azure', () => {
  test('are called by their own paths, with their own header, for a known price (M4, M6)', async ({
    world: { client, upstream, key },
    owner,
  }) => {
    upstream.answer = (_, reply) => answerJson(reply, COMPLETION);
    await client.chat.completions.create({ model: 'gpt', messages });
    await client.chat.completions.create({ model: 'gpt-v1', messages });
    upstream.answer = (_, reply) =>
      answerJson(reply, { output: [], usage: { input_tokens: 10, output_tokens: 5 } });
    await client.responses.create({ model: 'gpt', input: 'hello' });
    upstream.answer = (_, reply) => answerJson(reply, { data: [], usage: { prompt_tokens: 3 } });
    await client.embeddings.create({ model: 'embed', input: 'hello', encoding_format: 'float' });
    expect(upstream.asked.map(({ url }) => url)).toEqual([
      '/openai/deployments/gpt-4o/chat/completions?api-version=2025-04-01-preview',
      '/openai/v1/chat/completions',
      '/openai/responses?api-version=2025-04-01-preview',
      '/openai/deployments/text-embedding-3-small/embeddings?api-version=2024-10-21',
    ]);
    for (const { headers } of upstream.asked) {
      expect(headers['api-key']).toBe(AZURE_KEY);
      expect(JSON.stringify(headers)).not.toContain(key);
      expect(headers.authorization).toBeUndefined();
    }
    const cost = 10n * 2_500_000n + 5n * 10_000_000n;
    expect(await latestSpendOf(owner, 4)).toMatchObject([
      { cost, deployment: 'config-1', source: 'provider' },
      { cost, deployment: 'config-2' },
      { cost, deployment: 'config-1' },
      { cost: 60_000n, deployment: 'config-3' },
    ]);
  });
});

describe('models of Vertex AI', () => {
  test('are called with a token that is fetched once (M2, M6)', async ({
    world: { client, claude, gateway, upstream, key },
    owner,
  }) => {
    let tokens = 0;
    upstream.answer = ({ url = '' }, reply) => {
      if (url === '/token') answerJson(reply, { access_token: `t${++tokens}`, expires_in: 3_600 });
      else if (url.endsWith(':generateContent')) answerJson(reply, GEMINI);
      else if (url.endsWith(':rawPredict')) answerJson(reply, MESSAGE);
      else answerEvents(reply, STREAM);
    };
    const ask = { model: 'gemini', messages };
    await Promise.all([1, 2, 3].map(() => client.chat.completions.create(ask)));
    expect(tokens).toBe(1);

    upstream.asked.length = 0;
    const of = { model: 'claude', max_tokens: 50, messages };
    const message = await claude.messages
      .stream(of, { headers: { 'anthropic-beta': 'b' } })
      .finalMessage();
    expect(message.content).toMatchObject([{ type: 'text', text: 'héllo' }]);
    await client.chat.completions.create({ ...of, max_tokens: 50 });
    const raw =
      '{ "max_tokens":50, "model" :  "claude","messages":[{"role":"user","content":"hé"}] }';
    const answer = await gateway.post('/v1/messages?beta=true', raw, { 'x-api-key': key });
    // The bytes pass (M5).
    expect(await answer.text()).toBe(JSON.stringify(MESSAGE));
    const base =
      '/v1/projects/house/locations/us-central1/publishers/anthropic/models/claude-sonnet-4-5%4020250929';
    const calls = upstream.asked.filter(({ url }) => url !== '/token');
    expect(calls.map(({ url }) => url)).toEqual([
      `${base}:streamRawPredict`,
      `${base}:rawPredict`,
      `${base}:rawPredict`,
    ]);
    expect(tokens).toBe(2);
    expect(calls[0]?.headers['anthropic-beta']).toBe('b');
    expect(calls[2]?.body.toString()).toBe(
      raw.replace('"model" :  "claude"', '"anthropic_version":"vertex-2023-10-16"'),
    );
    for (const { headers, body } of calls) {
      expect(headers.authorization).toBe('Bearer t2');
      expect(headers['x-api-key']).toBeUndefined();
      const sent = JSON.parse(body.toString()) as object;
      expect(sent).toMatchObject({ anthropic_version: 'vertex-2023-10-16' });
      expect(sent).not.toHaveProperty('model');
    }
    expect(await latestSpendOf(owner, 6)).toMatchObject(
      Array(6).fill({ source: 'provider', status: 'ok' }),
    );
  });

  test('cannot be called without one, which costs nothing (M3)', async ({
    world: { upstream, key },
    db,
    owner,
  }) => {
    upstream.answer = (_, reply) => answerJson(reply, { error: 'invalid_grant' }, { status: 400 });
    // A gateway that has no token yet.
    const gateway = await startGateway(db, { deployments: deploymentsAt(upstream) });
    const answer = await gateway.chat(key, { model: 'gemini', messages, stream: true });
    expect(answer.status).toBe(502);
    expect(await answer.text()).not.toContain('invalid_grant');
    await gateway.close();
    expect(upstream.asked.every(({ url }) => url === '/token')).toBe(true);
    expect(await latestSpendOf(owner, 1)).toMatchObject([{ cost: 0n, status: 'error' }]);
    expect(await openReservations(owner)).toBe(0);
  });
});

const CONVERSE_USAGE = { inputTokens: 10, outputTokens: 5, cacheReadInputTokens: 4 };
const CONVERSE = {
  output: { message: { role: 'assistant', content: [{ text: 'hi' }] } },
  stopReason: 'end_turn',
  usage: CONVERSE_USAGE,
};
const block = { contentBlockIndex: 1 };
const FRAMES = [
  eventFrame('messageStart', { role: 'assistant' }),
  eventFrame('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'hé' } }),
  eventFrame('contentBlockStart', {
    ...block,
    start: { toolUse: { toolUseId: 't', name: 'look' } },
  }),
  eventFrame('contentBlockDelta', { ...block, delta: { toolUse: { input: '{"a":1}' } } }),
  eventFrame('contentBlockStop', block),
  eventFrame('messageStop', { stopReason: 'tool_use' }),
  eventFrame('metadata', { usage: CONVERSE_USAGE }),
];

function answerFrames(reply: ServerResponse, bytes: Buffer): void {
  reply.writeHead(200, { 'content-type': 'application/vnd.amazon.eventstream' });
  for (let at = 0; at < bytes.length; at += 11) reply.write(bytes.subarray(at, at + 11));
  reply.end();
}

/** What Amazon would compute, over what arrived. */
function signatureOf({ url, headers, body }: FakeUpstream['asked'][number]): string {
  const date = String(headers['x-amz-date']);
  const at = new Date(date.replace(/(....)(..)(..T..)(..)(..Z)/, '$1-$2-$3:$4:$5'));
  const signed = ['content-type', 'host', 'x-amz-date', 'x-amz-security-token'];
  const values = Object.fromEntries(signed.map((name) => [name, String(headers[name])]));
  const keys = {
    accessKeyId: 'AKIDEXAMPLE',
    secretAccessKey: new Secret(AWS_SECRET),
    sessionToken: undefined,
  };
  return signRequest(
    { method: 'POST', path: url, headers: values, body },
    { keys, region: 'us-east-1', service: 'bedrock', at },
  );
}

describe('embeddings of Vertex AI', () => {
  test('are predictions with a token of the account, for what is told (M6)', async ({
    world: { client, upstream },
    owner,
  }) => {
    upstream.answer = ({ url }, reply) =>
      answerJson(
        reply,
        url === '/token'
          ? { access_token: 'ya29', expires_in: 3_600 }
          : {
              predictions: [
                { embeddings: { values: [0.5], statistics: { token_count: 4, truncated: false } } },
              ],
            },
      );
    const ask = { model: 'vertex-embed', input: 'hello', encoding_format: 'float' as const };
    expect((await client.embeddings.create(ask)).data).toMatchObject([{ embedding: [0.5] }]);
    const asked = upstream.asked.at(-1);
    expect(asked?.url).toMatch(/publishers\/google\/models\/text-embedding-005:predict$/);
    expect(asked?.headers.authorization).toMatch(/^Bearer /);
    expect(await latestSpendOf(owner, 1)).toMatchObject([{ cost: 400_000n, source: 'provider' }]);
  });
});

describe('models of Bedrock', () => {
  test('get requests that are signed as they are sent, or the bearer (M6)', async ({
    world: { client, claude, upstream },
    owner,
  }) => {
    upstream.answer = (_, reply) => answerJson(reply, CONVERSE);
    const ask = { model: 'nova', messages, max_tokens: 50 };
    const completion = await client.chat.completions.create(ask);
    expect(completion.choices[0]?.message.content).toBe('hi');
    const message = await claude.messages.create({ ...ask, model: 'sonnet' });
    expect(message.usage).toMatchObject({ input_tokens: 10, cache_read_input_tokens: 4 });
    await client.chat.completions.create({ ...ask, model: 'bearer' });
    const [first, second, bearer] = upstream.asked;
    if (!first || !second) throw new Error('not asked');
    expect(first.url).toBe('/model/amazon.nova-pro-v1%3A0/converse');
    for (const asked of [first, second]) {
      expect(asked.headers.authorization).toBe(signatureOf(asked));
      expect(asked.headers['x-amz-security-token']).toBe('session');
      expect(JSON.stringify(asked.headers)).not.toContain(AWS_SECRET);
    }
    expect(bearer?.headers.authorization).toBe('Bearer b-1');
    expect(JSON.parse(first.body.toString())).toEqual({
      messages: [{ role: 'user', content: [{ text: 'hello' }] }],
      inferenceConfig: { maxTokens: 50 },
    });
    const nova = 10n * 800_000n + 4n * 200_000n + 5n * 3_200_000n;
    const sonnet = 10n * 3_300_000n + 4n * 330_000n + 5n * 16_500_000n;
    expect(await latestSpendOf(owner, 3)).toMatchObject(
      [nova, sonnet, nova].map((cost) => ({ cost, source: 'provider', status: 'ok' })),
    );
  });

  test('embed texts as Titan and Cohere are asked, for what is told, else an estimate (M3, M5)', async ({
    world: { client, upstream },
    owner,
  }) => {
    const encoding_format = 'float' as const;
    upstream.answer = (_, reply) => answerJson(reply, { embedding: [0.5], inputTextTokenCount: 3 });
    const { data } = await client.embeddings.create({
      model: 'titan',
      input: 'a',
      encoding_format,
    });
    expect(data).toMatchObject([{ embedding: [0.5] }]);
    upstream.answer = (_, reply) => answerJson(reply, { embeddings: { float: [[1], [2]] } });
    const input = ['hello', 'world'];
    const both = await client.embeddings.create({ model: 'cohere', input, encoding_format });
    expect(both.data).toHaveLength(2);
    const [titan, cohere] = upstream.asked;
    if (!titan || !cohere) throw new Error('not asked');
    expect([titan.url, cohere.url]).toEqual([
      '/model/amazon.titan-embed-text-v2%3A0/invoke',
      '/model/cohere.embed-english-v3/invoke',
    ]);
    expect(titan.headers.authorization).toBe(signatureOf(titan));
    expect(await latestSpendOf(owner, 2)).toMatchObject([
      { cost: 300_000n, source: 'provider', status: 'ok' },
      { source: 'estimate', status: 'ok' },
    ]);
    await expect(
      client.embeddings.create({ model: 'titan', input: ['a', 'b'], encoding_format }),
    ).rejects.toThrow(/one text a request/);
    await expect(client.embeddings.create({ model: 'nova', input: 'a' })).rejects.toThrow(
      /no model of embeddings/,
    );
    expect(upstream.asked).toHaveLength(2);
  });

  test('stream frames, cut anywhere, to clients of both formats (M2, M3)', async ({
    world: { client, claude, upstream },
    owner,
  }) => {
    upstream.answer = (_, reply) => answerFrames(reply, Buffer.concat(FRAMES));
    const ask = { model: 'sonnet', messages, max_tokens: 50 };
    const completion = await client.chat.completions.stream(ask).finalChatCompletion();
    expect(upstream.asked[0]?.url).toMatch(/\/converse-stream$/);
    expect(completion.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: {
        content: 'hé',
        tool_calls: [{ id: 't', function: { name: 'look', arguments: '{"a":1}' } }],
      },
    });
    const message = await claude.messages.stream(ask).finalMessage();
    expect(message.content).toMatchObject([
      { type: 'text', text: 'hé' },
      { type: 'tool_use', id: 't', input: { a: 1 } },
    ]);
    expect(await latestSpendOf(owner, 2)).toMatchObject(
      Array(2).fill({ source: 'provider', status: 'ok' }),
    );
  });

  test('that break off, or say why they cannot go on, end with an error (M3)', async ({
    world: { client, upstream },
    owner,
  }) => {
    const readAll = async (bytes: Buffer): Promise<unknown> => {
      upstream.answer = (_, reply) => answerFrames(reply, bytes);
      const of = { model: 'nova', messages, stream: true as const };
      const stream = await client.chat.completions.create(of);
      return (async () => {
        for await (const _ of stream);
      })().catch((thrown: unknown) => thrown);
    };
    const begun = Buffer.concat(FRAMES.slice(0, 2));
    const slow = exceptionFrame('throttlingException', { message: 'slow down' });
    expect(await readAll(Buffer.concat([begun, slow]))).toMatchObject({
      error: { message: 'slow down', type: 'rate_limit_error' },
    });
    const broken = Buffer.concat([begun, ...FRAMES.slice(2)]);
    broken[begun.length + 40] = 0xff;
    expect(await readAll(broken)).toBeInstanceOf(OpenAI.APIError);
    expect(await readAll(Buffer.concat([begun, slow.subarray(0, 20)]))).toBeInstanceOf(
      OpenAI.APIError,
    );
    expect(await readAll(begun)).toBeInstanceOf(OpenAI.APIError);
    expect(await latestSpendOf(owner, 4)).toMatchObject(
      Array(4).fill({ source: 'estimate', status: 'error' }),
    );
    expect(await openReservations(owner)).toBe(0);
  });
});
