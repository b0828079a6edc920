import { expect, test } from 'vitest';

import { callKey } from './call-key.ts';
import { canonicalJson } from './canonical-json.ts';

test('one value is one text, in whatever order its fields came', () => {
  const one = { b: [1, { d: null, c: 'é"' }], a: 1.5 };
  const other = { a: 1.5, b: [1, { c: 'é"', d: null }] };
  expect(canonicalJson(one)).toBe('{"a":1.5,"b":[1,{"c":"é\\"","d":null}]}');
  expect(canonicalJson(other)).toBe(canonicalJson(one));
  expect(canonicalJson([1, 2])).not.toBe(canonicalJson([2, 1]));
  let deep: unknown = 1;
  for (let at = 0; at < 100; at += 1) deep = [deep];
  expect(canonicalJson(deep)).toBeNull();
});

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
