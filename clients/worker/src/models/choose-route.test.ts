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

const at = (baseUrl: string, apiKey: string, model: string, pricedAs: string): object => ({
  kind: 'direct',
  baseUrl,
  apiKey,
  model,
  pricedAs,
});
const A = { api_base: 'https://a/v1/', api_key: 'k' };
test.each([
  [A, 'gpt-4o', at('https://a/v1', 'k', 'gpt-4o', 'openai/gpt-4o')],
  [A, 'meta/llama3', at('https://a/v1', 'k', 'meta/llama3', 'openai/meta/llama3')],
  [
    { ...A, custom_llm_provider: 'ollama' },
    'llama3',
    at('https://a/v1', 'k', 'llama3', 'ollama/llama3'),
  ],
  [{ ...A, custom_llm_provider: 'groq' }, 'groq/x', at('https://a/v1', 'k', 'x', 'groq/x')],
  [{ api_key: 'k' }, 'gpt-4o', at('https://api.openai.com/v1', 'k', 'gpt-4o', 'openai/gpt-4o')],
  [
    { custom_llm_provider: 'anthropic' },
    'claude-3',
    at('https://api.anthropic.com/v1', 'b', 'claude-3', 'anthropic/claude-3'),
  ],
])('the credentials %j send %s to its place', (overrides, asked, place) => {
  expect(chooseRoute(asked, both, overrides)).toMatchObject(place);
});

test('the key of the environment goes to no address but its own', () => {
  const route = chooseRoute('gpt-4o', both, { api_base: 'https://elsewhere.example/v1' });
  expect(route).toMatchObject({ baseUrl: 'https://elsewhere.example/v1', apiKey: '' });
});

test('a key without an address is for the families whose address is known', () => {
  expect(chooseRoute('mistral-large', both, { api_key: 'k' })).toEqual({ kind: 'gateway' });
  expect(chooseRoute('x', both, { custom_llm_provider: 'groq' })).toEqual({ kind: 'gateway' });
});
