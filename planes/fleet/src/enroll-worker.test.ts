import { expect, test } from 'vitest';

import { enrollWorker } from './enroll-worker.ts';

const key = { allowedPools: ['gpu'], allowedModels: ['openai/gpt-4o', 'llama3-70b'] };

test('what is recorded is declared and allowed, and what was dropped is told (F3)', () => {
  const declared = { pool: 'gpu', models: ['GPT-4o', 'ollama/llama3.1:70b', 'Llama3:70b'] };
  expect(enrollWorker(declared, key)).toEqual({
    state: 'approved',
    models: ['GPT-4o', 'Llama3:70b'],
    modelsCanonical: ['gpt-4o', 'llama3-70b'],
    dropped: ['ollama/llama3.1:70b'],
    reason: null,
  });
});

test.each([
  ['a foreign pool', { pool: 'cpu', models: ['gpt-4o'] }, /pool cpu/],
  ['no model that is allowed', { pool: 'gpu', models: ['claude'] }, /none of the declared/],
  ['no model at all', { pool: 'gpu', models: [] }, /none of the declared/],
])('a worker with %s is pending with all it declared', (_, declared, reason) => {
  const enrollment = enrollWorker(declared, key);
  expect(enrollment).toMatchObject({ state: 'pending', models: declared.models, dropped: [] });
  expect(enrollment.reason).toMatch(reason);
});

test('a key without limits approves everything, and no key nothing', () => {
  const declared = { pool: 'any', models: [] };
  const open = { allowedPools: [], allowedModels: [] };
  expect(enrollWorker(declared, open).state).toBe('approved');
  expect(enrollWorker(declared, null).state).toBe('pending');
});
