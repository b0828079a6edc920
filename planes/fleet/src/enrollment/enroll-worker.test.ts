import { expect, test } from 'vitest';

import { type Allowance, enrollWorker } from './enroll-worker.ts';

const any: Allowance = {
  allowedPools: [],
  allowedModels: [],
  allowedLabels: [],
  autoApprove: true,
};
const key = { ...any, allowedPools: ['gpu'], allowedModels: ['openai/gpt-4o', 'llama3-70b'] };
const nothing = { pool: 'any', models: [], labels: {} };

test('what is recorded is declared and allowed, and what was dropped is told (F3)', () => {
  const models = ['GPT-4o', 'ollama/llama3.1:70b', 'Llama3:70b'];
  expect(enrollWorker({ pool: 'gpu', models, labels: {} }, key)).toEqual({
    state: 'approved',
    fits: true,
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
  const enrollment = enrollWorker({ ...declared, labels: {} }, key);
  expect(enrollment).toMatchObject({
    state: 'pending',
    fits: false,
    models: declared.models,
    dropped: [],
  });
  expect(enrollment.reason).toMatch(reason);
});

test.each([
  [{}, 'approved', null],
  [{ region: 'eu' }, 'approved', null],
  [{ region: 'eu', tier: 'any=thing' }, 'approved', null],
  [{ region: 'us', tier: 'x' }, 'pending', 'labels region=us'],
  [{ region: '*' }, 'pending', 'labels region=*'],
  [{ zone: 'a' }, 'pending', 'labels zone=a'],
  [{ tierx: 'a' }, 'pending', 'labels tierx=a'],
])('under the ceiling region=eu, tier=*: %j is %s', (labels, state, reason) => {
  const ceiling = { ...any, allowedLabels: ['region=eu', 'tier=*'] };
  const enrollment = enrollWorker({ ...nothing, labels }, ceiling);
  expect(enrollment.state).toBe(state);
  if (reason === null) expect(enrollment.reason).toBeNull();
  else expect(enrollment.reason).toMatch(new RegExp(`${reason.replaceAll('*', '\\*')}$`));
});

test('a key without limits approves everything, and no key nothing', () => {
  expect(enrollWorker(nothing, any).state).toBe('approved');
  expect(enrollWorker(nothing, null)).toMatchObject({ state: 'pending', fits: false });
});

test('a key that approves nobody fits all the same', () => {
  expect(enrollWorker(nothing, { ...any, autoApprove: false })).toMatchObject({
    state: 'pending',
    fits: true,
    reason: 'the enrollment key leaves the approval to a person',
  });
});
