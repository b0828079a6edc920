import { expect, test } from 'vitest';

import { chooseRoute } from './choose-route.ts';

const none = { openai: null, anthropic: null, ollama: { baseUrl: 'http://localhost:11434/v1' } };
const both = {
  ...none,
  openai: { apiKey: 'a', baseUrl: 'https://api.openai.com/v1' },
  anthropic: { apiKey: 'b', baseUrl: 'https://api.anthropic.com/v1' },
};

test.each(['gpt-4o', 'claude-sonnet-4', 'openai/gpt-4o', 'simulated', 'llama3'])(
  '%s goes to the gateway when the worker has no credential for it',
  (model) => {
    expect(chooseRoute(model, none)).toEqual({ kind: 'gateway' });
  },
);

test.each([
  ['gpt-4o', 'openai', 'gpt-4o'],
  ['openai/gpt-4o', 'openai', 'gpt-4o'],
  ['o3-mini', 'openai', 'o3-mini'],
  ['claude-sonnet-4', 'anthropic', 'claude-sonnet-4'],
  ['ollama/llama3.1:70b', 'ollama', 'llama3.1:70b'],
])('%s goes to %s by the worker’s own credential', (model, provider, name) => {
  expect(chooseRoute(model, both)).toMatchObject({ kind: 'direct', provider, model: name });
});

test.each(['simulated', 'mistral-large', 'openrouter/gpt-4o'])(
  '%s is not guessed into a provider',
  (model) => {
    expect(chooseRoute(model, both)).toEqual({ kind: 'gateway' });
  },
);
