import { describe, expect, test } from 'vitest';

import { formatDuration, parseDuration } from './duration.ts';

describe('parseDuration', () => {
  test.each([
    ['7d', 604_800_000],
    ['24h', 86_400_000],
    ['1d12h', 129_600_000],
    ['30s', 30_000],
    ['1m30s', 90_000],
    ['250ms', 250],
    ['0s', 0],
  ])('%s is %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each([
    '',
    '30',
    's',
    '1h1h',
    '30s1h',
    '1.5h',
    '-1h',
    '1 h',
    '1w',
    '999999999999999d',
    '1h ',
    '1H',
  ])('“%s” is none', (text) => {
    expect(parseDuration(text)).toBeNull();
  });

  test('a bare number counts in the unit given for it', () => {
    expect(parseDuration('30', 's')).toBe(30_000);
    expect(parseDuration('2m', 's')).toBe(120_000);
  });
});

test.each([0, 1, 999, 1000, 61_001, 86_400_000, 129_600_000, 1_234_567_891])(
  '%d ms can be written and read back',
  (ms) => {
    expect(parseDuration(formatDuration(ms))).toBe(ms);
  },
);
