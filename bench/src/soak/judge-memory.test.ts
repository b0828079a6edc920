import { expect, test } from 'vitest';

import { judgeMemory } from './judge-memory.ts';

const series = (of: (minute: number) => number): number[] =>
  Array.from({ length: 30 }, (_, minute) => of(minute));

test('memory that swings about its level is flat, and memory that grows is not', () => {
  expect(judgeMemory(series((minute) => 220 + (minute % 5) * 6)).isFlat).toBe(true);
  expect(judgeMemory(series((minute) => 200 + minute * 2))).toEqual({
    early: 209,
    late: 249,
    isFlat: false,
  });
});

test('one peak between decides nothing', () => {
  expect(judgeMemory(series((minute) => (minute === 29 ? 400 : 220))).isFlat).toBe(true);
});
