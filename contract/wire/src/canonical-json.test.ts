import { expect, test } from 'vitest';

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
