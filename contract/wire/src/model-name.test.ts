import { expect, test } from 'vitest';

import { canonicalModel, canonicalModels, MODEL_PATTERN } from './model-name.ts';

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

test.each(['gpt-4o', 'openai/gpt-4o', 'ollama/llama3.1:70b', 'a/b/c', 'a', 'x/-a', 'two words'])(
  '%j may stand in a list of what is allowed',
  (name) => {
    expect(name).toMatch(new RegExp(MODEL_PATTERN, 'u'));
  },
);

test('a name of which nothing is left may not stand in a list of what is allowed', () => {
  const pattern = new RegExp(MODEL_PATTERN, 'u');
  let names = [''];
  for (let length = 1; length <= 5; length += 1) {
    names = names.flatMap((name) =>
      ['a', '/', ':', '-', '_', ' ', '\n', '\u2028'].map((letter) => name + letter),
    );
    const empty = names.filter((name) => canonicalModel(name) === '');
    expect(empty.length).toBeGreaterThan(0);
    expect(empty.filter((name) => pattern.test(name))).toEqual([]);
  }
});
