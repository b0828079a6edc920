import { expect, test } from 'vitest';

import { readCredentials } from './read-credentials.ts';

const WHOLE = {
  model_overrides: { default: 'ollama/llama3.1', 'gpt-4o': 'azure/gpt-4o' },
  inference_overrides: {
    api_base: 'https://models.internal/v1',
    api_key: 'sk-own-0123456789',
    custom_llm_provider: 'openai',
    timeout: 30,
  },
  env_overrides: { DATABASE_PASSWORD: 'hunter2hunter2' },
};

test('reads YAML, JSON, and a file without anything', () => {
  const yaml = [
    'model_overrides: {default: ollama/llama3.1}',
    'inference_overrides:',
    '  api_key: sk-own-0123456789',
  ].join('\n');
  expect(readCredentials(JSON.stringify(WHOLE))).toEqual({ kind: 'read', credentials: WHOLE });
  expect(readCredentials(yaml)).toEqual({
    kind: 'read',
    credentials: {
      model_overrides: { default: 'ollama/llama3.1' },
      inference_overrides: { api_key: 'sk-own-0123456789' },
    },
  });
  expect(readCredentials('# nothing yet\n')).toEqual({ kind: 'read', credentials: {} });
});

test.each([
  ['[1]', /the file: expected model_overrides/],
  ['{a: [', /neither YAML nor JSON/],
  ['{sk-planted-secret: {}}', /a name: is not known/],
  ['inference_override: {}', /inference_override: is not known/],
  ['inference_overrides: {apikey: sk-planted-secret}', /apikey: is not known; expected api_base/],
  ['inference_overrides: {api_base: "ftp://sk-planted-secret"}', /api_base: expected an http/],
  ['inference_overrides: {api_base: "https://u:sk-planted-secret@h/v1"}', /goes into api_key/],
  ['inference_overrides: {timeout: sk-planted-secret}', /timeout: expected seconds/],
  ['inference_overrides: {custom_llm_provider: "sk planted secret"}', /name of a provider/],
  ['model_overrides: {default: 1}', /model_overrides, each: expected text/],
  ['env_overrides: {"sk-planted-secret": x}', /no name of a variable/],
  ['env_overrides: sk-planted-secret', /env_overrides: expected names with texts/],
])('%s is refused, without a word of its values', (content, why) => {
  const read = readCredentials(content);
  if (read.kind !== 'wrong') throw new Error('it was read');
  expect(read.why).toMatch(why);
  expect(read.why).not.toMatch(/planted/);
});
