import { expect, test } from 'vitest';

import { wholeDays } from './whole-days.ts';

test('an interval is days when it begins and ends at midnight UTC', () => {
  expect(wholeDays(undefined, undefined)).toEqual({});
  expect(wholeDays('2026-11-27T00:00:00Z', '2026-11-28T00:00:00Z')).toEqual({
    from: '2026-11-27',
    until: '2026-11-27',
  });
  expect(wholeDays('2026-11-27T01:00:00+01:00', undefined)).toEqual({ from: '2026-11-27' });
  expect(wholeDays('2026-11-27T00:00:00.001Z', undefined)).toBeNull();
  expect(wholeDays('2026-11-27T00:00:00+01:00', undefined)).toBeNull();
  expect(wholeDays(undefined, '2026-11-27T12:00:00Z')).toBeNull();
  expect(wholeDays('not an instant', undefined)).toBeNull();
});
