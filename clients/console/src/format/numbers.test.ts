import { expect, test } from 'vitest';

import { percent, shortCount, shortDuration, shortUsd } from './numbers.ts';

test('counts are short from ten thousand on', () => {
  expect([0, 999, 1_234, 9_999].map(shortCount)).toEqual(['0', '999', '1,234', '9,999']);
  expect([10_000, 12_345, 1_000_000, 4_540_000_000].map(shortCount)).toEqual([
    '10k',
    '12.3k',
    '1M',
    '4.5G',
  ]);
});

test('dollars keep the digits that say something', () => {
  expect(['0', '12.3456', '0.011', '0.00012345', '0.000000015', '-2.5'].map(shortUsd)).toEqual([
    '$0',
    '$12.35',
    '$0.01',
    '$0.00012',
    '$0.000000015',
    '−$2.50',
  ]);
  expect(shortUsd('0.000000000001')).toBe('$1.0e-12');
  expect(shortUsd('123456')).toBe('$123.5k');
});

test('durations have two units at most, and a unit always', () => {
  expect([0, 420, 3_400, 12_340, 125_000, 10_920_000, 353_000_000].map(shortDuration)).toEqual([
    '0 ms',
    '420 ms',
    '3.40 s',
    '12.3 s',
    '2 min 5 s',
    '3 h 2 min',
    '4 d 2 h',
  ]);
  expect(shortDuration(60_000)).toBe('1 min');
});

test('something is never shown as nothing', () => {
  expect([0, 0.004, 0.5, 1].map(percent)).toEqual(['0 %', '< 1 %', '50 %', '100 %']);
});
