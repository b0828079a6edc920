import { describe, expect, test } from 'vitest';

import { formatUsd, parseUsd } from './money.ts';

describe('money', () => {
  test.each([
    ['0', 0n],
    ['1', 1_000_000_000_000n],
    ['0.00000015', 150_000n],
    ['30.5', 30_500_000_000_000n],
    ['0.000000000001', 1n],
    ['999999999999.999999999999', 999_999_999_999_999_999_999_999n],
  ])('%s dollars are %d pico-dollars, and back', (text, pico) => {
    expect(parseUsd(text)).toBe(pico);
    expect(formatUsd(pico)).toBe(text);
  });

  test('zeros at the end say nothing', () => {
    expect(formatUsd(parseUsd('2.500'))).toBe('2.5');
  });

  test('a correction may be negative', () => {
    expect(formatUsd(-1_250_000_000_000n)).toBe('-1.25');
  });

  test.each(['', '-1', '1e3', '01', '.5', '1.', '0.0000000000001', '1000000000000', 'NaN', ' 1'])(
    '%j is no amount',
    (text) => {
      expect(() => parseUsd(text)).toThrow(RangeError);
    },
  );
});
