import { expect, test } from 'vitest';

import { median, medianRatio, percentile } from './statistics.ts';

test('the median of an even number is the mean of the middle two', () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([9, 1, 5])).toBe(5);
});

test('a percentile is a value that was seen', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
  expect(percentile(hundred, 0.5)).toBe(50);
  expect(percentile(hundred, 0.99)).toBe(99);
  expect(percentile([7], 0.99)).toBe(7);
});

test('ratios are taken within a round, so a slow round does not decide', () => {
  // The machine was ten times slower in the second round, for both.
  expect(medianRatio([100, 10, 100], [50, 5, 50])).toBe(2);
});
