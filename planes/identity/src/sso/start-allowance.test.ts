import { expect, test } from 'vitest';

import { createStartAllowance } from './start-allowance.ts';

test('each address may begin so many sign-ins in a minute', () => {
  let nowMs = 0;
  const admit = createStartAllowance(2, () => nowMs);
  expect([admit('a'), admit('a'), admit('a'), admit('b')]).toEqual([true, true, false, true]);
  nowMs = 60_000;
  expect(admit('a')).toBe(true);
});
