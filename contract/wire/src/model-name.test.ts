import { expect, test } from 'vitest';

import { canonicalModel, canonicalModels } from './model-name.ts';

test.each([
  ['ollama/llama3.1:70b', 'llama3.1-70b'],
  ['openai/gpt-4o', 'gpt-4o'],
  ['GPT-4o', 'gpt-4o'],
  ['  gpt-4o ', 'gpt-4o'],
  ['openrouter/meta/llama_3__70b', 'meta-llama-3-70b'],
  ['-_gpt-', 'gpt'],
  ['openai/', ''],
])('%j is %j', (name, canonical) => {
  expect(canonicalModel(name)).toBe(canonical);
});

test('a canonical name is its own canonical name', () => {
  for (const name of ['a/b/c:d', 'x__y--z', 'LLAMA3.1:70b']) {
    const once = canonicalModel(name);
    expect(canonicalModel(once)).toBe(once);
  }
});

test('a list keeps its order and loses repeats and empties', () => {
  expect(canonicalModels(['b', 'openai/A', 'a', ' ', 'B'])).toEqual(['b', 'a']);
});
