import { expect, test } from 'vitest';

import { createRandom } from './random.ts';

const tenOf = (seed: number, name: string): number[] => {
  const random = createRandom(seed).fork(name);
  return Array.from({ length: 10 }, () => random.between(0, 1_000));
};

test('a seed repeats its choices, and every actor has its own', () => {
  expect(tenOf(7, 'worker')).toEqual(tenOf(7, 'worker'));
  expect(tenOf(7, 'worker')).not.toEqual(tenOf(7, 'client'));
  expect(tenOf(7, 'worker')).not.toEqual(tenOf(8, 'worker'));
});

test('bounds are reached and kept', () => {
  const random = createRandom(1);
  const seen = Array.from({ length: 500 }, () => random.between(2, 4));
  expect([Math.min(...seen), Math.max(...seen)]).toEqual([2, 4]);
  expect(random.any([])).toBeNull();
});
