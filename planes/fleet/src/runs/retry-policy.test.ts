import { describe, expect, test } from 'vitest';

import { maxAttemptsOf, retryPolicyOf } from './retry-policy.ts';

describe('a retry policy', () => {
  test('of nobody is none', () => {
    expect(retryPolicyOf(undefined, 3)).toBeNull();
  });

  test('has every field decided, and what was said wins', () => {
    expect(retryPolicyOf({ base_ms: 5, classes: { invalid: false } }, 7)).toEqual({
      max_attempts: 7,
      base_ms: 5,
      factor: 2,
      max_ms: 300_000,
      jitter: 0.2,
      classes: { invalid: false },
    });
  });

  test('gives a run as many attempts as its most patient class has', () => {
    expect(maxAttemptsOf(undefined, undefined, 3)).toBe(3);
    expect(maxAttemptsOf(undefined, { max_attempts: 2 }, 3)).toBe(2);
    const classes = { rate_limited: { max_attempts: 9 }, invalid: false };
    expect(maxAttemptsOf(undefined, { max_attempts: 2, classes }, 3)).toBe(9);
    expect(maxAttemptsOf(4, { max_attempts: 2, classes }, 3)).toBe(4);
  });
});
