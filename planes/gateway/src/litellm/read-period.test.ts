import { expect, test } from 'vitest';

import { daysOf, lastDays, periodOf } from './read-period.ts';

test('a period is days, with or without times behind them', () => {
  expect(periodOf({ start_date: '2026-11-01 10:00:00', end_date: '2026-11-02T00:00Z' })).toEqual({
    from: '2026-11-01',
    until: '2026-11-02',
  });
  const now = new Date('2026-11-28T23:00:00Z');
  expect(lastDays({}, now)).toEqual({ from: '2026-10-30', until: '2026-11-28' });
  expect(lastDays({ start_date: '2020-01-01' }, now)).toEqual({
    from: '2020-01-01',
    until: undefined,
  });
});

test('each day of a period is there once', () => {
  expect(daysOf('2026-02-27', '2026-03-01')).toEqual(['2026-02-27', '2026-02-28', '2026-03-01']);
  expect(daysOf('2026-03-02', '2026-03-01')).toEqual([]);
  expect(daysOf('2026-13-01', '2026-12-01')).toBeNull();
  expect(daysOf('1000-01-01', '2026-01-01')).toBeNull();
});
