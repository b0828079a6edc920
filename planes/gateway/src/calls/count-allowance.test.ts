import { expect, test } from 'vitest';

import { Allowance } from './count-allowance.ts';

test('each has so many a minute, and then waits for the next', () => {
  let nowMs = 5_000_000;
  const allowance = new Allowance(2, { monotonicMs: () => nowMs });
  const take = (name: string): number | null => allowance.take(name);
  expect([take('a'), take('a'), take('b')]).toEqual([null, null, null]);
  nowMs += 20_000;
  expect([take('a'), take('b'), take('b')]).toEqual([40_000, null, 40_000]);
  nowMs += 40_000;
  expect(take('a')).toBeNull();
});

test('what is kept of callers is bounded', () => {
  const allowance = new Allowance(1, { monotonicMs: () => 1e9 });
  for (let n = 0; n < 25_000; n++) expect(allowance.take(`caller ${n}`)).toBeNull();
});
