import { readConfig } from '@sagewai/config';
import { expect, test } from 'vitest';

import { gatewayFields, readGatewayConfig, upstreamUrls } from './gateway-config.ts';

const NOON = new Date('2026-11-21T12:00:00Z');

function read(env: Record<string, string>, text?: string) {
  const settings = readConfig(gatewayFields, { environment: env });
  const file = text === undefined ? null : { text, env };
  const read = readGatewayConfig(settings, file, NOON);
  if (read.kind !== 'read') throw new Error(read.mistakes.join());
  return read.config;
}

test('nothing configured leaves the simulated provider', () => {
  const config = read({});
  expect(config.sources).toEqual([]);
  expect(config.simulated).toEqual({ firstTokenMs: 0, perTokenMs: 0 });
  expect(config.unknownPrice).toBe('refuse');
  expect(upstreamUrls(config)).toEqual([]);
});

test('each variable brings its provider', () => {
  const config = read({
    OPENAI_API_KEY: 'sk-a',
    ANTHROPIC_API_KEY: 'sk-b',
    OLLAMA_HOST: '0.0.0.0:11434',
    LITELLM_PROXY_URL: 'http://litellm:4000/',
    LITELLM_API_KEY: 'sk-c',
  });
  expect(
    config.sources.map(({ name, endpoint }) => [name, endpoint.provider, endpoint.baseUrl]),
  ).toEqual([
    ['openai', 'openai', 'https://api.openai.com/v1'],
    ['anthropic', 'anthropic', 'https://api.anthropic.com/v1'],
    ['ollama', 'ollama', 'http://127.0.0.1:11434/v1'],
    ['litellm', 'litellm', 'http://litellm:4000/v1'],
  ]);
  expect(upstreamUrls(config)).toHaveLength(4);
});

test('another base URL is another server, with or without a key', () => {
  const [source] = read({ OPENAI_BASE_URL: 'http://vllm:8000/v1', OPENAI_MODELS: 'a, b' }).sources;
  expect(source).toMatchObject({
    endpoint: { provider: 'compatible', credential: null },
    models: ['a', 'b'],
  });
});

test.each(['http://anthropic:9', 'http://anthropic:9/', 'http://anthropic:9/v1'])(
  "Anthropic's address %s may be named with its version or without",
  (url) => {
    const [source] = read({ ANTHROPIC_API_KEY: 'sk-b', ANTHROPIC_BASE_URL: url }).sources;
    expect(source?.endpoint.baseUrl).toBe('http://anthropic:9/v1');
  },
);

test('a configuration file adds its deployments', () => {
  const text =
    'model_list: [{model_name: a, litellm_params: {model: openai/gpt-4o, api_key: os.environ/K}}]';
  expect(read({ K: 'v' }, text).deployments).toMatchObject([{ model: 'a' }]);
});
