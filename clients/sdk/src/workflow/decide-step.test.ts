import { expect, test } from 'vitest';

import { type AskedStep, decideStep } from './decide-step.ts';
import { journaledStep } from './workflow-fixture.ts';

const asked: AskedStep = { name: 'pay', ordinal: 0, kind: 'step', inputDigest: null };

test.for([
  { what: 'nothing of it', inJournal: undefined, unasked: 0, kind: 'do' },
  { what: 'nothing of it, but of others', inJournal: undefined, unasked: 1, kind: 'hold' },
  { what: 'that it is completed', inJournal: { state: 'completed' }, unasked: 3, kind: 'answer' },
  { what: 'that it has failed', inJournal: { state: 'failed' }, unasked: 0, kind: 'answer' },
  { what: 'that it is to be done again', inJournal: { state: 'retrying' }, unasked: 0, kind: 'do' },
  { what: 'that it had begun', inJournal: { state: 'running' }, unasked: 0, kind: 'do' },
  {
    what: 'that it had begun, and others',
    inJournal: { state: 'running' },
    unasked: 1,
    kind: 'hold',
  },
  { what: 'another kind', inJournal: { kind: 'sleep' }, unasked: 0, kind: 'differs' },
  { what: 'another input', inJournal: { input_digest: 'a' }, input: 'b', kind: 'differs' },
  { what: 'the same input', inJournal: { input_digest: 'a' }, input: 'a', kind: 'answer' },
  { what: 'an input, and none is said', inJournal: { input_digest: 'a' }, kind: 'answer' },
] as const)('a journal that says $what: $kind (R1, R2, R3)', (row) => {
  const inJournal = row.inJournal && journaledStep('pay', row.inJournal);
  const input = 'input' in row ? row.input : null;
  const unasked = 'unasked' in row ? row.unasked : 0;
  expect(decideStep({ ...asked, inputDigest: input }, inJournal, unasked).kind).toBe(row.kind);
});

test('a difference names both steps', () => {
  expect(decideStep(asked, journaledStep('pay', { kind: 'sleep' }), 0)).toEqual({
    kind: 'differs',
    expected: 'sleep pay#0',
    found: 'step pay#0',
  });
});
