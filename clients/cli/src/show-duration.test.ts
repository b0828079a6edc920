import { expect, test } from 'vitest';

import { showAge, showDuration } from './show-duration.ts';

test.each([
  [0, 'now'],
  [1_000, '1s'],
  [61_000, '1m 1s'],
  [90_061_000, '1d 1h'],
])('%i ms is %s', (ms, text) => {
  expect(showDuration(ms)).toBe(text);
});

test('an instant is told from now, in both directions', () => {
  const now = new Date('2026-01-01T00:00:00Z');
  expect(showAge('2025-12-31T23:55:00Z', now)).toBe('5m ago');
  expect(showAge('2026-01-01T02:00:00Z', now)).toBe('in 2h');
  expect(showAge(null, now)).toBeNull();
});
