import { generateKeyPairSync } from 'node:crypto';

import Anthropic from '@anthropic-ai/sdk';
import { fileDatabaseTest, makeTenant } from '@sagewai/testing';
import OpenAI from 'openai';
import { beforeEach, describe, expect } from 'vitest';

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

const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2_048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const AZURE_KEY = 'azure-secret';

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
  const list = [
    ['gpt', { ...azure, model: 'azure/gpt-4o', api_version: '2025-04-01-preview' }],
    ['gpt-v1', { ...azure, model: 'azure/gpt-4o', api_version: 'v1' }],
    ['embed', { ...azure, model: 'azure/text-embedding-3-small' }],
    ['gemini', { ...vertex, model: 'vertex_ai/gemini-2.5-flash' }],
    ['claude', { ...vertex, model: 'vertex_ai/claude-sonnet-4-5@20250929' }],
  ].map(([model_name, litellm_params]) => ({ model_name, litellm_params }));
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
