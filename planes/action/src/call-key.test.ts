import { expect, test } from 'vitest';

import { callKey } from './call-key.ts';

test('a call is another one by its tool, its run, its step or its arguments (A2)', () => {
  const step = { kind: 'step', runId: 'r', step: 's', arguments: '{}' } as const;
  const keys = [
    callKey('t', step),
    callKey('u', step),
    callKey('t', { ...step, runId: 'q' }),
    callKey('t', { ...step, step: 's2' }),
    callKey('t', { ...step, arguments: '[]' }),
    callKey('t', { kind: 'key', actor: 'r', key: 's' }),
    callKey('t', { kind: 'key', actor: 'q', key: 's' }),
    callKey('t', { kind: 'own', id: 's' }),
  ].map((key) => key.toString('hex'));
  expect(new Set(keys).size).toBe(keys.length);
  expect(callKey('t', { ...step }).toString('hex')).toBe(keys[0]);
});
