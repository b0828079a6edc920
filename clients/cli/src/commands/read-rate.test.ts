import { expect, test } from 'vitest';

import { countOrNone, orNull, startRate } from './read-rate.ts';

test.each([
  ['10/s', 10, 1],
  ['300/min', 300, 60],
  ['50/10m', 50, 600],
  ['7/hour', 7, 3600],
  ['1/90s', 1, 90],
])('%s is %i in %i seconds', (text, count, seconds) => {
  expect(startRate(text)).toEqual({ count, per_seconds: seconds });
});

test('none is no limit, and anything else is refused', () => {
  expect(orNull(startRate('none'))).toBeNull();
  expect(orNull(startRate('10/s'))).toEqual({ count: 10, per_seconds: 1 });
  for (const text of ['10', '0/s', 'x/s', '10/', '-1/s', '10/parsec']) {
    expect(() => startRate(text)).toThrow(/expected a (?:rate|duration)/);
  }
  expect(orNull(countOrNone('none'))).toBeNull();
  expect(countOrNone('0')).toBe(0);
  for (const text of ['', 'x', '-1', '1.5'])
    expect(() => countOrNone(text)).toThrow('expected a whole number');
});
