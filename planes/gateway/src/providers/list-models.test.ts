import { createEgress } from '@sagewai/egress';
import { expect, test } from 'vitest';

import { deploymentAt, startFakeUpstream } from '../gateway-fixture.ts';
import type { Endpoint } from '../models/deployment.ts';
import { listUpstreamModels } from './list-models.ts';
import type { ProviderName } from './provider.ts';

async function listFrom(provider: ProviderName, answers: Record<string, object | string>) {
  const upstream = await startFakeUpstream();
  upstream.answer = ({ url = '' }, reply) => {
    const answer = answers[url];
    reply.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
    reply.end(typeof answer === 'string' ? answer : JSON.stringify(answer ?? {}));
  };
  const egress = createEgress({ allowed: [upstream.url] });
  const endpoint: Endpoint = { ...deploymentAt(upstream.url).endpoint, provider };
  try {
    const signal = AbortSignal.timeout(2_000);
    return {
      models: await listUpstreamModels(endpoint, egress.pool(upstream.url), signal),
      upstream,
    };
  } finally {
    await egress.destroy();
    await upstream.close();
  }
}

test('OpenAI lists ids; who talks comes first, and what no path reaches is left out', async () => {
  const data = ['whisper-1', 'text-embedding-3-small', 'sora-2', 'gpt-realtime', 'gpt-4o'].map(
    (id) => ({ id }),
  );
  const { models, upstream } = await listFrom('compatible', { '/v1/models': { data } });
  expect(models.map(({ name }) => name)).toEqual(['gpt-4o', 'whisper-1', 'text-embedding-3-small']);
  expect(upstream.asked[0]?.headers.authorization).toBe('Bearer sk-provider-secret');
});

test('Anthropic is asked by its own header', async () => {
  const { upstream } = await listFrom('anthropic', {
    '/v1/models?limit=1000': { data: [{ id: 'claude-x' }] },
  });
  expect(upstream.asked[0]?.headers).toMatchObject({ 'x-api-key': 'sk-provider-secret' });
});

test('Ollama lists tags, beside the version', async () => {
  const { models } = await listFrom('ollama', {
    '/api/tags': { models: [{ name: 'llama3:8b' }, {}] },
  });
  expect(models).toEqual([{ name: 'llama3:8b', stated: {} }]);
});

test('a LiteLLM proxy tells what its models cost, to the pico-dollar', async () => {
  const info = {
    input_cost_per_token: 1.5e-7,
    output_cost_per_token: 6e-7,
    max_output_tokens: 16_384,
  };
  const { models } = await listFrom('litellm', {
    '/model/info': { data: [{ model_name: 'm', model_info: info }, { model_name: 'n' }] },
  });
  expect(models).toMatchObject([
    {
      name: 'm',
      stated: { price: { rates: { input: 150_000n, output: 600_000n } }, outputTokensMax: 16_384 },
    },
    { name: 'n', stated: { price: undefined } },
  ]);
});

test('a LiteLLM proxy that keeps that to itself is asked for names', async () => {
  const { models } = await listFrom('litellm', { '/v1/models': { data: [{ id: 'm' }] } });
  expect(models).toEqual([{ name: 'm', stated: {} }]);
});

test.each(['<html>', { data: 'x' }, {}])(
  'an answer that is no list is an error: %j',
  async (answer) => {
    await expect(listFrom('compatible', { '/v1/models': answer })).rejects.toThrow(/list|JSON/);
  },
);
