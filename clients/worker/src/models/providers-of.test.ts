import { expect, test } from 'vitest';

import { providersOf } from './providers-of.ts';

const own = {
  openai: { apiKey: 'sk-env', baseUrl: 'https://api.openai.com/v1' },
  anthropic: null,
  ollama: { baseUrl: 'http://localhost:11434/v1' },
};

test('a key of the overrides replaces the key of the environment', () => {
  const env = { OPENAI_API_KEY: 'sk-run', ANTHROPIC_API_KEY: 'sk-ant', OLLAMA_HOST: 'gpu:11434' };
  expect(providersOf(own, { env_overrides: env })).toEqual({
    openai: { apiKey: 'sk-run', baseUrl: 'https://api.openai.com/v1' },
    anthropic: { apiKey: 'sk-ant', baseUrl: 'https://api.anthropic.com/v1' },
    ollama: { baseUrl: 'http://gpu:11434/v1' },
  });
});

test('another address does not take the key of the environment along', () => {
  const env = { OPENAI_BASE_URL: 'https://elsewhere.example/v1/' };
  expect(providersOf(own, { env_overrides: env }).openai).toEqual({
    apiKey: '',
    baseUrl: 'https://elsewhere.example/v1',
  });
});

test('without overrides, it is what the environment said', () => {
  expect(providersOf(own, {})).toEqual(own);
});
