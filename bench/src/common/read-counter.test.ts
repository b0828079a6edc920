import { expect, test } from 'vitest';

import { sumOf } from './read-counter.ts';

test('a counter is the sum of its series, and of no other', () => {
  const text =
    '# TYPE a_total counter\na_total{x="1"} 3\na_total{x="2"} 4\na_total_more 9\nb_total 5\n';
  expect(sumOf(text, 'a_total')).toBe(7);
  expect(sumOf(text, 'b_total')).toBe(5);
  expect(sumOf(text, 'c_total')).toBe(0);
});
