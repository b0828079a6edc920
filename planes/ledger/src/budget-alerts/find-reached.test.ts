import { expect, test } from 'vitest';

import { findReached } from './find-reached.ts';

const of = (spent: bigint, ahead: bigint | null = null, limit = 100n) => ({ spent, limit, ahead });

test('a threshold is reached at it, and all that are below it with it', () => {
  expect(findReached(of(49n), [100, 50, 80])).toEqual([]);
  expect(findReached(of(50n), [100, 50, 80])).toEqual(['50']);
  expect(findReached(of(130n), [100, 50, 80, 150])).toEqual(['50', '80', '100']);
});

test('a pace that leads beyond the limit is told until the limit is passed', () => {
  expect(findReached(of(10n, 101n), [50])).toEqual(['forecast']);
  expect(findReached(of(10n, 100n), [50])).toEqual([]);
  expect(findReached(of(101n, 500n), [50])).toEqual(['50']);
});

test('a limit of nothing is reached by whatever is spent, and not by nothing', () => {
  expect(findReached(of(0n, 0n, 0n), [50])).toEqual([]);
  expect(findReached(of(1n, null, 0n), [50, 100])).toEqual(['50', '100']);
});
