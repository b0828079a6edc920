import { expect, test } from 'vitest';

import { isOneWindow } from './windows.ts';

// As PostgreSQL writes them.
const saturday = '2026-11-28 00:00:00+00';
const sunday = '2026-11-29 00:00:00+00';
const monday = '2026-11-30 00:00:00+00';
const tuesday = '2026-12-01 00:00:00+00';

test.each([
  ['day', saturday, sunday, false],
  ['week', saturday, sunday, false],
  ['week', sunday, monday, true],
  ['week', sunday, tuesday, true],
  ['month', saturday, monday, true],
  ['month', monday, tuesday, false],
  ['total', saturday, tuesday, true],
  ['minute', saturday, tuesday, true],
  ['30_days', saturday, tuesday, true],
  ['week', null, saturday, false],
] as const)('B1, B3. of a %s, %s and %s are one window: %s', (period, one, other, expected) => {
  expect(isOneWindow(period, one, other)).toBe(expected);
});
