import { expect, test } from 'vitest';

import { boundAnswer } from './bound-answer.ts';

const bound = (sizes: readonly number[], max: number): number[][] => {
  const { fits, rest } = boundAnswer(sizes, (size) => size, max);
  return [fits, rest];
};

test('an answer ends before it is too large, and has one thing at least', () => {
  expect(bound([], 10)).toEqual([[], []]);
  expect(bound([4, 6], 10)).toEqual([[4, 6], []]);
  expect(bound([4, 6, 1], 10)).toEqual([[4, 6], [1]]);
  expect(bound([40, 1], 10)).toEqual([[40], [1]]);
});
