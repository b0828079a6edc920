import { expect, test } from 'vitest';

import { failure, ok, warning, worstOf } from './finding.ts';

test('the exit code is the worst finding', () => {
  expect(worstOf([])).toBe(0);
  expect(worstOf([ok('a', ''), ok('b', '')])).toBe(0);
  expect(worstOf([ok('a', ''), warning('b', '', '')])).toBe(1);
  expect(worstOf([failure('a', '', ''), warning('b', '', '')])).toBe(2);
});
