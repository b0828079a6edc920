import { UNLIMITED } from '@sagewai/ledger';
import { describe, expect, test } from 'vitest';

import { readLimits, toPico } from './read-limits.ts';

const USD = 1_000_000_000_000n;

describe('a budget', () => {
  test.each([
    [undefined, 'usdInTotal'],
    [null, 'usdInTotal'],
    ['1h', 'usdPerHour'],
    ['24h', 'usdPerDay'],
    ['1d', 'usdPerDay'],
    ['7d', 'usdPerWeek'],
    ['30d', 'usdPerMonth'],
    ['1mo', 'usdPerMonth'],
    ['720h', 'usdPer30Days'],
  ])('of duration %s is %s', (duration, name) => {
    const fields = {
      max_budget: 2.5,
      ...(duration === undefined ? {} : { budget_duration: duration }),
    };
    expect(readLimits(UNLIMITED, fields)).toEqual({ ...UNLIMITED, [name]: toPico(2.5) });
  });

  test.each(['30s', '45d', '', '1y'])('of duration %j is refused', (duration) => {
    expect(() => readLimits(UNLIMITED, { max_budget: 1, budget_duration: duration })).toThrow(
      expect.objectContaining({ code: 'request.invalid' }),
    );
  });

  test('keeps its window when only its amount changes, and its amount when only the window does', () => {
    const before = { ...UNLIMITED, usdPerMonth: USD };
    expect(readLimits(before, { max_budget: 3 })).toEqual({ ...UNLIMITED, usdPerMonth: 3n * USD });
    expect(readLimits(before, { budget_duration: '7d' })).toEqual({
      ...UNLIMITED,
      usdPerWeek: USD,
    });
    expect(readLimits(before, { max_budget: null })).toEqual(UNLIMITED);
    expect(readLimits(before, { tpm_limit: 5 })).toEqual({ ...before, tokensPerMinute: 5n });
  });

  test('may have several windows, each once', () => {
    const windows = [
      { budget_duration: '24h', max_budget: 1 },
      { budget_duration: '30d', max_budget: 10 },
    ];
    expect(readLimits(UNLIMITED, { budget_limits: windows, max_budget: 100 })).toEqual({
      ...UNLIMITED,
      usdPerDay: USD,
      usdPerMonth: 10n * USD,
      usdInTotal: 100n * USD,
    });
    const twice = [...windows, { budget_duration: '1d', max_budget: 2 }];
    expect(() => readLimits(UNLIMITED, { budget_limits: twice })).toThrow('fields');
    const clash = { budget_limits: windows, max_budget: 2, budget_duration: '24h' };
    expect(() => readLimits(UNLIMITED, clash)).toThrow('fields');
  });
});

test('nothing said changes nothing', () => {
  const before = { ...UNLIMITED, usdPerDay: 1n, requestsPerMinute: 2n };
  expect(readLimits(before, {})).toBe(before);
});

test.each([
  [0.1, 100_000_000_000n],
  [0.000000000001, 1n],
  [1_000_000_000, 1_000_000_000n * USD],
  [0, 0n],
])('%d dollars are %d pico-dollars', (dollars, pico) => {
  expect(toPico(dollars)).toBe(pico);
});
