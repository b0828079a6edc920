import { expect, test } from 'vitest';

import { chainOf, NO_FALLBACKS } from './fallbacks.ts';

const fallbacks = {
  ...NO_FALLBACKS,
  generic: new Map([['a', ['b', 'a', 'c', 'b', 'd']]]),
  context: new Map([['a', ['long']]]),
  byDefault: ['a', 'z'],
  max: 3,
};

test('a chain is a model’s own, without itself and without repeats, and no longer than allowed', () => {
  expect(chainOf(fallbacks, 'generic', 'a')).toEqual(['b', 'c', 'd']);
  expect(chainOf({ ...fallbacks, max: 1 }, 'generic', 'a')).toEqual(['b']);
});

test('a model without one has the chain for all, and only when it fails', () => {
  expect(chainOf(fallbacks, 'generic', 'x')).toEqual(['a', 'z']);
  expect(chainOf(fallbacks, 'generic', 'z')).toEqual(['a']);
  expect(chainOf(fallbacks, 'context', 'a')).toEqual(['long']);
  expect(chainOf(fallbacks, 'context', 'x')).toEqual([]);
  expect(chainOf(fallbacks, 'budget', 'a')).toEqual([]);
});
