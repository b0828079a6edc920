import { expect, test } from 'vitest';

import { bucketsOf, quantileOf } from './read-histogram.ts';

const series = (kind: string, counts: readonly number[]): string =>
  ['0.001', '0.01', '+Inf']
    .map((bound, n) => `wait_bucket{kind="${kind}",le="${bound}"} ${counts[n] ?? 0}`)
    .join('\n');
const of = { name: 'wait', labels: 'kind="reserve"' };

test('buckets of several servers are added up, of the series that was meant', () => {
  const text = [
    series('reserve', [1, 2, 3]),
    series('settle', [9, 9, 9]),
    series('reserve', [1, 1, 1]),
  ];
  expect([...bucketsOf(text.join('\n'), of)]).toEqual([
    [0.001, 2],
    [0.01, 3],
    [Number.POSITIVE_INFINITY, 4],
  ]);
});

test('a quantile is of what came between two readings', () => {
  const before = bucketsOf(series('reserve', [100, 100, 100]), of);
  const after = bucketsOf(series('reserve', [100, 110, 112]), of);
  expect(quantileOf(before, after, 0.5)).toBeCloseTo(0.001 + 0.009 * 0.6);
  expect(quantileOf(before, after, 0.99)).toBe(0.01); // beyond the last bound nothing is known
  expect(quantileOf(after, after, 0.5)).toBeNaN();
});
