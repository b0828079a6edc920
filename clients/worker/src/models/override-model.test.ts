import { expect, test } from 'vitest';

import { overrideModel } from './override-model.ts';

const overrides = { default: 'ollama/llama3.1', 'gpt-4o': 'azure/gpt-4o' };

test.each([
  ["the agent's model becomes the default", 'claude-sonnet-4', false, 'ollama/llama3.1'],
  ['a model that the call names stays', 'claude-sonnet-4', true, 'claude-sonnet-4'],
  ['an override of the very model goes before the default', 'gpt-4o', false, 'azure/gpt-4o'],
  ['and also replaces one that the call names', 'gpt-4o', true, 'azure/gpt-4o'],
  ['in any spelling', 'openai/GPT-4o', true, 'azure/gpt-4o'],
  ['a model of the name “default” is no override of itself', 'default', true, 'default'],
])('%s', (_, model, isExplicit, called) => {
  expect(overrideModel({ model, isExplicit }, overrides)).toBe(called);
});

test('without overrides, nothing changes', () => {
  expect(overrideModel({ model: 'gpt-4o', isExplicit: false }, {})).toBe('gpt-4o');
});
