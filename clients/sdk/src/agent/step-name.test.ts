import { expect, test } from 'vitest';

import { stepName } from './step-name.ts';

test('a short name stays, and a long one is still of its own', () => {
  expect(stepName('round 1/2/b model 1')).toBe('round 1/2/b model 1');
  const long = 'x'.repeat(95);
  const [one, other] = [stepName(`${long}1`), stepName(`${long}2`)];
  expect(one).toHaveLength(90);
  expect(one).not.toBe(other);
  expect(stepName('a\nb')).toBe('a?b');
});
