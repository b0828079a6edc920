import { expect, test } from 'vitest';

import { inBatches } from './in-batches.ts';

const of = (bytes: number): { payload: { x: string } } => ({ payload: { x: 'x'.repeat(bytes) } });

test('keeps the order, a hundred runs and a megabyte at most', () => {
  const small = Array.from({ length: 250 }, (_, n) => of(n));
  expect(inBatches(small).map(({ length }) => length)).toEqual([100, 100, 50]);
  expect(inBatches(small).flat()).toEqual(small);
  const large = [of(600_000), of(600_000), of(3_000_000), of(1)];
  expect(inBatches(large).map(({ length }) => length)).toEqual([1, 1, 1, 1]);
  expect(inBatches([])).toEqual([]);
});
