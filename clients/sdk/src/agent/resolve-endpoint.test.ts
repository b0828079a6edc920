import { describe, expect, test } from 'vitest';

import type { InferenceConfig } from './inference.ts';
import { NoEndpoint, resolveEndpoint, type Surroundings } from './resolve-endpoint.ts';

const NOTHING = { credentials: {}, environment: {}, gateway: null };
const resolve = (config: InferenceConfig, around: Partial<Surroundings> = {}) =>
  resolveEndpoint({ ...NOTHING, config, ...around });

const environment = { LITELLM_PROXY_URL: 'http://litellm:4000', LITELLM_API_KEY: 'sk-proxy' };
const gateway = { url: 'http://localhost:8000', token: 'sk-gateway' };
const credentials = { inference_overrides: { api_base: 'http://worker:1/v1', api_key: 'sk-w' } };
const model = 'gpt-4o';

describe('the first that says something decides', () => {
  const config = { model, apiBase: 'http://config:2', apiKey: 'sk-c' };
  const call = { apiBase: 'http://call:3/v1/', apiKey: 'sk-call' };
  const all = { credentials, environment, gateway };

  test.each<[string, Partial<Surroundings> & { config: InferenceConfig }, string, string]>([
    ['the call', { ...all, config, call }, 'http://call:3/v1/chat/completions', 'sk-call'],
    ['the configuration', { ...all, config }, 'http://config:2/v1/chat/completions', 'sk-c'],
    ['the worker', { ...all, config: { model } }, 'http://worker:1/v1/chat/completions', 'sk-w'],
    [
      'the environment',
      { environment, gateway, config: { model } },
      'http://litellm:4000/v1/chat/completions',
      'sk-proxy',
    ],
    [
      'the gateway',
      { gateway, config: { model } },
      'http://localhost:8000/v1/chat/completions',
      'sk-gateway',
    ],
  ])('%s', (_, around, url, apiKey) => {
    expect(resolve(around.config, around)).toMatchObject({ url, apiKey, model, format: 'openai' });
  });

  test('and where nobody does, that is said', () => {
    expect(() => resolve({ model: 'llama' })).toThrow(NoEndpoint);
  });
});

describe('a key is for the address that it came with', () => {
  test('the key of the configuration does not go to the address of a call', () => {
    const config = { model, apiBase: 'http://config:2', apiKey: 'sk-c' };
    expect(resolve(config, { call: { apiBase: 'http://call:3' } }).apiKey).toBe('');
    expect(resolve(config, { call: { apiKey: 'sk-call' } })).toMatchObject({
      url: 'http://config:2/v1/chat/completions',
      apiKey: 'sk-call',
    });
  });

  test('the key of the environment does not go to an address of the configuration', () => {
    const keys = { ...environment, OPENAI_API_KEY: 'sk-o' };
    expect(resolve({ model, apiBase: 'http://c' }, { environment: keys }).apiKey).toBe('');
  });

  test("a key alone goes to the provider of the model's family, or to the machine's proxy", () => {
    expect(resolve({ model, apiKey: 'sk-o' }, { environment })).toMatchObject({
      url: 'https://api.openai.com/v1/chat/completions',
      apiKey: 'sk-o',
    });
    expect(resolve({ model: 'house', apiKey: 'sk-v' }, { environment })).toMatchObject({
      url: 'http://litellm:4000/v1/chat/completions',
      apiKey: 'sk-v',
    });
  });
});

test.each<[string, Readonly<Record<string, string>>, object]>([
  [
    'anthropic/claude-x',
    { ANTHROPIC_API_KEY: 'k' },
    { format: 'anthropic', url: 'https://api.anthropic.com/v1/messages', model: 'claude-x' },
  ],
  ['claude-x', { ANTHROPIC_API_KEY: 'k' }, { format: 'anthropic', model: 'claude-x' }],
  [
    'gemini/gemini-2.5-pro',
    { GOOGLE_API_KEY: 'k' },
    {
      format: 'gemini',
      url: 'https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-pro',
    },
  ],
  [
    'ollama/llama3.1:70b',
    { OLLAMA_HOST: 'gpu:11434' },
    { format: 'openai', url: 'http://gpu:11434/v1/chat/completions', model: 'llama3.1:70b' },
  ],
  ['ollama/llama3', {}, { url: 'http://localhost:11434/v1/chat/completions', apiKey: '' }],
  [
    'openai/gpt-4o',
    { OPENAI_API_KEY: 'k', OPENAI_BASE_URL: 'http://o/v1' },
    { url: 'http://o/v1/chat/completions', model: 'gpt-4o' },
  ],
  // A proxy knows its models by whatever name it gave them.
  ['anthropic/claude-x', environment, { format: 'openai', model: 'anthropic/claude-x' }],
  ['mistral/large', environment, { format: 'openai', model: 'mistral/large' }],
])('%s with %j', (name, variables, expected) => {
  expect(resolve({ model: name }, { environment: variables })).toMatchObject(expected);
});

describe("a worker's credentials", () => {
  test('replace the model of an agent, and not the one that a call names', () => {
    const given = {
      model_overrides: { default: 'ollama/llama3.1:70b' },
      inference_overrides: { api_base: 'http://localhost:11434' },
    };
    expect(resolve({ model }, { credentials: given })).toMatchObject({
      model: 'llama3.1:70b',
      url: 'http://localhost:11434/v1/chat/completions',
    });
    const call = { model: 'gpt-4' };
    expect(resolve({ model }, { credentials: given, call }).model).toBe('gpt-4');
  });

  test('bring an environment of their own', () => {
    const given = { env_overrides: { OPENAI_API_KEY: 'sk-own' } };
    const keys = { OPENAI_API_KEY: 'sk-machine' };
    expect(resolve({ model }, { credentials: given, environment: keys }).apiKey).toBe('sk-own');
  });
});

test.each(['http://169.254.169.254', 'file:///etc/passwd', 'http://user:pw@proxy', 'no'])(
  '%s is no address',
  (apiBase) => {
    expect(() => resolve({ model, apiBase })).toThrow(TypeError);
  },
);
