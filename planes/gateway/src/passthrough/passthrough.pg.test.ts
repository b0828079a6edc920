import Anthropic from '@anthropic-ai/sdk';
import { fileDatabaseTest, makeTenant, type Tenant } from '@sagewai/testing';
import OpenAI, { AzureOpenAI } from 'openai';
import { beforeEach, describe, expect } from 'vitest';

import { readLitellmConfig } from '../config-file/read-litellm-config.ts';
import { noticeText } from '../config-file/section.ts';
import { latestSpendOf, openReservations } from '../fixture.sql.ts';
import { MESSAGE } from '../formats/messages-fixture.ts';
import {
  type FakeUpstream,
  makeKey,
  type RunningGateway,
  startFakeUpstream,
  startGateway,
} from '../gateway-fixture.ts';
import { DEFAULT_ROUTING } from '../routing/routing.ts';
import { answerEvents, answerJson } from '../world-fixture.ts';

const price = { input_cost_per_token: 1e-9, output_cost_per_token: 1e-8 };
const model_info = { ...price, max_output_tokens: 1_000, max_input_tokens: 100_000 };
const KEY = 'provider-secret';

function deploymentsAt(upstream: FakeUpstream) {
  const { origin } = new URL(upstream.url);
  const at = { api_base: origin, api_key: KEY };
  const aws = { ...at, aws_region_name: 'us-east-1' };
  const list = [
    ['google', { ...at, api_base: `${origin}/v1beta`, model: 'gemini/gemini-2.5-flash' }],
    ['both', { ...at, api_base: `${origin}/v1`, model: 'openai/gpt-4o' }],
    ['both', { ...at, model: 'anthropic/house-claude' }],
    ['house', { ...at, model: 'azure/house' }],
    ['only', { ...at, api_base: `${origin}/v1`, model: 'openai/responses/o3-pro' }],
    ['nova', { ...aws, model: 'bedrock/amazon.nova-pro-v1:0' }],
  ].map(([model_name, litellm_params]) => ({ model_name, litellm_params, model_info }));
  const of = { env: {}, at: new Date(), routing: DEFAULT_ROUTING };
  const read = readLitellmConfig(JSON.stringify({ model_list: list }), of);
  if (read.kind !== 'read') throw new Error(read.mistakes.map(noticeText).join());
  return read.deployments;
}

interface World {
  readonly upstream: FakeUpstream;
  readonly gateway: RunningGateway;
  readonly tenant: Tenant;
  readonly key: string;
}

const test = fileDatabaseTest.extend<{ readonly world: World }>({
  world: [
    async ({ db }, use) => {
      const upstream = await startFakeUpstream();
      const gateway = await startGateway(db, { deployments: deploymentsAt(upstream) });
      const tenant = await makeTenant(db);
      const key = (await makeKey(db, tenant)).value;
      await use({ upstream, gateway, tenant, key });
      await gateway.close();
      await upstream.close();
    },
    { scope: 'file' },
  ],
});

beforeEach<{ readonly world: World }>(({ world }) => {
  world.upstream.asked.length = 0;
});

const COMPLETION = {
  id: 'c',
  object: 'chat.completion',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
};
const GEMINI = {
  candidates: [{ content: { parts: [{ text: 'hi' }] }, finishReason: 'STOP' }],
  usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 2, thoughtsTokenCount: 3 },
};
const COST = 10n * 1_000n + 5n * 10_000n;
const contents = [{ role: 'user', parts: [{ text: 'hé' }] }];
const messages = [{ role: 'user' as const, content: 'hello' }];
const CALL = '/gemini/v1beta/models/gemini-2.5-flash';

describe("clients of Gemini's own format", () => {
  test('get their bytes passed, both ways, with the deployment’s key and not theirs (M2, M5, M6)', async ({
    world: { gateway, upstream, key },
    owner,
  }) => {
    const raw =
      '{ "contents":[{"parts":[{"text":"h\\u00e9"}]}], "generationConfig" : {"maxOutputTokens":9} }';
    upstream.answer = (_, reply) => answerJson(reply, GEMINI);
    const headers = { 'x-goog-api-key': key };
    const whole = await gateway.post(`${CALL}:generateContent`, raw, headers);
    expect(await whole.text()).toBe(JSON.stringify(GEMINI));
    // By the name in our list too.
    const events = [`data: ${JSON.stringify(GEMINI)}\r\n\r\n`];
    upstream.answer = (_, reply) => answerEvents(reply, events);
    const path = '/gemini/v1beta/models/google:streamGenerateContent?alt=sse&key=x';
    const stream = await gateway.post(path, raw, headers);
    expect(await stream.text()).toBe(events.join(''));
    expect(upstream.asked.map(({ url }) => url)).toEqual([
      '/v1beta/models/gemini-2.5-flash:generateContent',
      '/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse',
    ]);
    for (const asked of upstream.asked) {
      expect(asked.body.toString()).toBe(raw);
      expect(asked.headers['x-goog-api-key']).toBe(KEY);
      expect(JSON.stringify(asked.headers)).not.toContain(key);
    }
    expect(JSON.stringify([...whole.headers])).not.toContain(KEY);
    expect(await latestSpendOf(owner, 2)).toMatchObject(
      Array(2).fill({ cost: COST, source: 'provider', status: 'ok', deployment: 'config-1' }),
    );
  });

  test('have texts embedded, one or several (M3)', async ({
    world: { gateway, upstream, key },
    owner,
  }) => {
    const content = { parts: [{ text: 'hello' }] };
    const headers = { 'x-goog-api-key': key };
    upstream.answer = (_, reply) => answerJson(reply, { embedding: { values: [1] } });
    const one = await gateway.post(`${CALL}:embedContent`, { content }, headers);
    expect(await one.json()).toEqual({ embedding: { values: [1] } });
    const told = { embeddings: [], usageMetadata: { promptTokenCount: 7 } };
    upstream.answer = (_, reply) => answerJson(reply, told);
    await gateway.post(`${CALL}:batchEmbedContents`, { requests: [{ content }] }, headers);
    expect(upstream.asked.map(({ url }) => url)).toEqual([
      '/v1beta/models/gemini-2.5-flash:embedContent',
      '/v1beta/models/gemini-2.5-flash:batchEmbedContents',
    ]);
    expect(await latestSpendOf(owner, 2)).toMatchObject([
      { source: 'estimate', status: 'ok' },
      { source: 'provider', cost: 7_000n },
    ]);
  });

  test('are held to what a small budget leaves, wherever the limit stands (M1)', async ({
    world: { gateway, upstream, tenant },
    db,
  }) => {
    upstream.answer = (_, reply) => answerJson(reply, GEMINI);
    const { value } = await makeKey(db, tenant, { limits: { usdPerDay: 4_000_000n } });
    const headers = { authorization: `Bearer ${value}` };
    for (const generationConfig of [undefined, null, {}, { temperature: 1 }]) {
      const body = { contents, generationConfig };
      expect((await gateway.post(`${CALL}:generateContent`, body, headers)).status).toBe(200);
      const sent = JSON.parse(upstream.asked.at(-1)?.body.toString() ?? '') as typeof body & {
        generationConfig: { maxOutputTokens: number };
      };
      expect(sent).toMatchObject({ contents, generationConfig: generationConfig ?? {} });
      expect(sent.generationConfig.maxOutputTokens).toBeLessThan(1_000);
      expect(sent.generationConfig.maxOutputTokens).toBeGreaterThan(0);
    }
  });

  test('are refused what is not metered, or could be read twice, before anything is sent (M1, M4)', async ({
    world: { gateway, upstream, key },
    owner,
  }) => {
    const refuse = async (path: string, body: object | string): Promise<number> =>
      (await gateway.post(path, body, { 'x-goog-api-key': key })).status;
    const generate = `${CALL}:generateContent`;
    expect(await refuse(generate, { contents, cachedContent: 'cachedContents/1' })).toBe(400);
    expect(await refuse(generate, { contents, tools: [{ google_search: {} }] })).toBe(400);
    expect(await refuse(generate, { contents, generation_config: {} })).toBe(400);
    const config = { max_output_tokens: 1 };
    expect(await refuse(generate, { contents, generationConfig: config })).toBe(400);
    // Google reads numbers in quotes; and none of these bounds anything.
    for (const count of ['"8"', '-8', '1.5', '1e400', '0']) {
      for (const name of ['candidateCount', 'maxOutputTokens']) {
        const raw = `{"contents":[],"generationConfig":{"${name}":${count}}}`;
        expect(await refuse(generate, raw)).toBe(400);
      }
      const limits = `{"messages":[],"inferenceConfig":{"maxTokens":${count}}}`;
      expect(await refuse('/bedrock/model/amazon.nova-pro-v1%3A0/converse', limits)).toBe(400);
    }
    // A provider would read it as the operator.
    for (const part of [
      { fileData: { mimeType: 'text/plain', fileUri: 'gs://operators/secret' } },
      { functionResponse: { name: 'f', parts: [{ file_data: { file_uri: 'gs://o/s' } }] } },
    ]) {
      expect(await refuse(generate, { contents: [{ parts: [part] }] })).toBe(400);
      const content = { parts: [part] };
      expect(await refuse(`${CALL}:embedContent`, { content })).toBe(400);
    }
    const source = { s3Location: { uri: 's3://operators/secret' } };
    const document = { document: { format: 'txt', name: 'a', source } };
    const result = { toolResult: { toolUseId: 't', content: [document] } };
    for (const block of [document, result]) {
      const said = { messages: [{ role: 'user', content: [block] }] };
      expect(await refuse('/bedrock/model/amazon.nova-pro-v1%3A0/converse', said)).toBe(400);
    }
    const vertex = '/vertex_ai/v1/projects/p/locations/l/publishers/anthropic/models/c:rawPredict';
    expect(await refuse(vertex, { messages: [], max_tokens: -1 })).toBe(400);
    expect(await refuse(vertex, { messages: [], max_tokens: 1, tools: {} })).toBe(400);
    expect(await refuse(vertex, { messages: [] })).toBe(400);
    const twice = '{"contents":[],"generationConfig":{"maxOutputTokens":1,"maxOutputTokens":9}}';
    expect(await refuse(generate, twice)).toBe(400);
    expect(await refuse(`${CALL}:streamGenerateContent`, { contents })).toBe(400);
    expect(await refuse(`${CALL}:predict`, { contents })).toBe(404);
    expect(await refuse('/gemini/v1beta/files', {})).toBe(404);
    const elsewhere = '/gemini/v1beta/models/both:generateContent';
    const refused = await gateway.post(elsewhere, { contents }, { 'x-goog-api-key': key });
    expect([refused.status, await refused.text()]).toEqual([
      400,
      expect.stringContaining('is of gemini'),
    ]);
    expect(await refuse('/gemini/v1beta/models/..%2f..%2fx:generateContent', { contents })).toBe(
      404,
    );
    expect(await refuse('/gemini/v1beta/models/nobody:generateContent', { contents })).toBe(404);
    expect(upstream.asked).toEqual([]);
    expect(await openReservations(owner)).toBe(0);
  });
});

describe("clients of a provider's own", () => {
  test('reach that provider, where a model has others too', async ({
    world: { gateway, upstream, key },
    owner,
  }) => {
    upstream.answer = ({ url }, reply) =>
      answerJson(reply, url === '/v1/messages' ? MESSAGE : COMPLETION);
    const openai = new OpenAI({ apiKey: key, baseURL: `${gateway.url}/openai/v1`, maxRetries: 0 });
    const anthropic = new Anthropic({
      apiKey: key,
      baseURL: `${gateway.url}/anthropic`,
      maxRetries: 0,
    });
    // Several in a row: deployments take turns.
    for (let at = 0; at < 4; at++) {
      await openai.chat.completions.create({ model: 'both', messages });
    }
    for (let at = 0; at < 4; at++) {
      await anthropic.messages.create({ model: 'house-claude', max_tokens: 9, messages });
    }
    expect(upstream.asked.map(({ url }) => url)).toEqual(
      [Array(4).fill('/v1/chat/completions'), Array(4).fill('/v1/messages')].flat(),
    );
    expect(new Set((await latestSpendOf(owner, 8)).map(({ deployment }) => deployment))).toEqual(
      new Set(['config-2', 'config-3']),
    );
  });

  test('of Azure and Bedrock use their own paths and headers (M5, M6)', async ({
    world: { gateway, upstream, key },
    owner,
  }) => {
    upstream.answer = (_, reply) => answerJson(reply, COMPLETION);
    const azure = new AzureOpenAI({
      apiKey: key,
      baseURL: `${gateway.url}/azure/openai`,
      apiVersion: '2024-10-21',
      deployment: 'house',
      maxRetries: 0,
    });
    await azure.chat.completions.create({ model: 'house', messages });
    upstream.answer = (_, reply) =>
      answerJson(reply, { id: 'r', output: [], usage: { input_tokens: 10, output_tokens: 5 } });
    const ask = { model: 'house', input: 'hello' };
    const headers = { 'api-key': key };
    const own = { ...ask, model: 'o3-pro' };
    expect((await gateway.post('/openai/v1/responses', own, headers)).status).toBe(200);
    expect((await gateway.post('/azure/openai/responses', ask, headers)).status).toBe(200);
    const usage = { inputTokens: 10, outputTokens: 5 };
    const answer = { output: { message: { content: [{ text: 'hi' }] } }, usage };
    upstream.answer = (_, reply) => answerJson(reply, answer);
    const path = '/bedrock/model/amazon.nova-pro-v1%3A0/converse';
    const body = { messages: [{ role: 'user', content: [{ text: 'hello' }] }] };
    const whole = await gateway.post(path, body, { authorization: `Bearer ${key}` });
    expect(await whole.json()).toEqual(answer);
    expect(upstream.asked.map(({ url }) => url)).toEqual([
      '/openai/deployments/house/chat/completions?api-version=2024-10-21',
      '/v1/responses',
      '/openai/responses?api-version=2024-10-21',
      '/model/amazon.nova-pro-v1%3A0/converse',
    ]);
    expect(upstream.asked[0]?.headers['api-key']).toBe(KEY);
    expect(upstream.asked[3]?.headers.authorization).toBe(`Bearer ${KEY}`);
    expect(JSON.stringify(upstream.asked.map(({ headers }) => headers))).not.toContain(key);
    const guarded = { ...body, guardrailConfig: { guardrailIdentifier: 'g' } };
    const refused = await gateway.post(path, guarded, { authorization: `Bearer ${key}` });
    expect(refused.status).toBe(400);
    expect(await latestSpendOf(owner, 4)).toMatchObject(
      Array(4).fill({ cost: COST, source: 'provider', status: 'ok' }),
    );
  });

  test('call what their key may call, and pay for it as any call', async ({
    world: { gateway, upstream, tenant },
    db,
    owner,
  }) => {
    const { value } = await makeKey(db, tenant, { models: ['both'] });
    const other = await gateway.post(
      `${CALL}:generateContent`,
      { contents },
      { 'x-goog-api-key': value },
    );
    expect(other.status).toBe(403);
    const poor = (await makeKey(db, tenant, { limits: { usdPerDay: 0n } })).value;
    const broke = await gateway.post(`${CALL}:generateContent`, { contents }, { 'api-key': poor });
    expect(broke.status).toBe(429);
    const none = await gateway.post(`${CALL}:generateContent`, { contents }, {});
    expect(none.status).toBe(401);
    expect(upstream.asked).toEqual([]);
    expect(await openReservations(owner)).toBe(0);
  });
});
