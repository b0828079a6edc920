import { describe, expect, test } from 'vitest';

import { readLitellmConfig } from './read-litellm-config.ts';

const NOON = new Date('2026-11-21T12:00:00Z');
const ENV = {
  OPENAI_API_KEY: 'sk-secret-o',
  ANTHROPIC_API_KEY: 'sk-secret-a',
  GOOGLE_API_KEY: 'g',
};

function read(text: string) {
  const config = readLitellmConfig(text, ENV, NOON);
  if (config.kind !== 'read') throw new Error(config.mistakes.join('\n'));
  return config;
}

function mistakesOf(text: string): readonly string[] {
  const config = readLitellmConfig(text, ENV, NOON);
  return config.kind === 'refused' ? config.mistakes : [];
}

test('the configuration that people have works as it stands', () => {
  const { deployments, ignored } = read(`
model_list:
  - model_name: gpt-4o
    litellm_params:
      model: gpt-4o
      api_key: os.environ/OPENAI_API_KEY
      rpm: 60
  - model_name: claude-sonnet
    litellm_params:
      model: claude-sonnet-4-20250514
      api_key: os.environ/ANTHROPIC_API_KEY
  - model_name: gemini-flash
    litellm_params:
      model: gemini/gemini-2.0-flash
      api_key: os.environ/GOOGLE_API_KEY
general_settings:
  master_key: sk-your-master-key
`);
  expect(
    deployments.map(({ model, upstreamModel, endpoint }) => [
      model,
      upstreamModel,
      endpoint.provider,
      endpoint.baseUrl,
      endpoint.credential?.reveal(),
    ]),
  ).toEqual([
    ['gpt-4o', 'gpt-4o', 'openai', 'https://api.openai.com/v1', 'sk-secret-o'],
    [
      'claude-sonnet',
      'claude-sonnet-4-20250514',
      'anthropic',
      'https://api.anthropic.com/v1',
      'sk-secret-a',
    ],
    [
      'gemini-flash',
      'gemini-2.0-flash',
      'gemini',
      'https://generativelanguage.googleapis.com/v1beta/openai',
      'g',
    ],
  ]);
  expect(deployments.every(({ price }) => price !== undefined)).toBe(true);
  expect(ignored).toEqual(['general_settings', 'model_list[0].litellm_params.rpm']);
});

test('a price is read from the text, to the pico-dollar, and wins over the catalogue', () => {
  const { deployments } = read(`
model_list:
  - model_name: gpt-4o
    litellm_params: { model: openai/gpt-4o, api_base: "http://127.0.0.1:9/v1/" }
    model_info:
      id: mine
      input_cost_per_token: 0.00000030000000
      output_cost_per_token: 1.1e-06
      max_output_tokens: 512
      max_input_tokens: 1000
`);
  expect(deployments).toMatchObject([
    {
      id: 'mine',
      endpoint: { provider: 'compatible', baseUrl: 'http://127.0.0.1:9/v1', credential: null },
      price: { rates: { input: 300_000n, output: 1_100_000n, cachedInput: 300_000n } },
      outputTokensMax: 512,
      contextTokensMax: 1_000,
    },
  ]);
});

test('a local model is free, and its base gets the version it needs', () => {
  const { deployments } = read(`
model_list:
  - model_name: llama
    litellm_params: { model: "ollama/llama3.1:70b", api_base: "http://gpu:11434" }
`);
  expect(deployments).toMatchObject([
    {
      upstreamModel: 'llama3.1:70b',
      endpoint: { baseUrl: 'http://gpu:11434/v1' },
      price: { rates: { output: 0n } },
    },
  ]);
});

describe('mistakes', () => {
  test('are all told at once, with their place and without a value', () => {
    const mistakes = mistakesOf(`
model_list:
  - model_name: a
    litellm_params: { model: bedrock/claude, api_key: sk-secret-plain }
  - litellm_params: { model: openai/x }
  - model_name: b
    litellm_params: { model: openai/x, api_key: os.environ/NOT_SET, api_base: ftp://x }
    model_info: { input_cost_per_token: free, max_tokens: many }
  - model_name: openai/*
    litellm_params: { model: openai/* }
  - model_name: c
    litellm_params: { model: my-model }
  - model_name: d
    litellm_params: { model: openai/x }
    model_info: { input_cost_per_token: 1e-13, output_cost_per_token: 1e-6 }
`);
    expect(mistakes.map((mistake) => mistake.split(':')[0])).toEqual([
      'model_list[0].litellm_params.model',
      'model_list[1].model_name',
      'model_list[2].litellm_params.api_base',
      'model_list[2].litellm_params.api_key',
      'model_list[2].model_info.input_cost_per_token',
      'model_list[2].model_info',
      'model_list[2].model_info.max_tokens',
      'model_list[3].model_name',
      'model_list[4].litellm_params.model',
      'model_list[5].model_info.input_cost_per_token',
    ]);
    expect(mistakes.join()).not.toContain('sk-secret');
    expect(mistakes[0]).toContain('hosted_vllm');
  });

  test.each(['', 'a: [', 'model_list: 1', '- x'])('of the whole file are told: %j', (text) => {
    expect(mistakesOf(text)).toHaveLength(1);
  });

  test('are also two deployments of one id', () => {
    const entry = '{model_name: a, litellm_params: {model: openai/gpt-4o}, model_info: {id: x}}';
    expect(mistakesOf(`model_list: [${entry}, ${entry}]`)).toEqual([
      'model_info.id: x is there more than once',
    ]);
  });

  test('never show a credential, however the deployment is printed', () => {
    const { deployments } = read(
      'model_list: [{model_name: a, litellm_params: {model: openai/gpt-4o, api_key: sk-plain-secret}}]',
    );
    const [first] = deployments;
    expect(String(first?.endpoint.credential) + JSON.stringify(first?.endpoint)).not.toContain(
      'plain',
    );
  });
});
