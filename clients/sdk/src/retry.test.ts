import { expect, test } from 'vitest';

import { retryDelayMs, spreadDelayMs } from './retry.ts';

test('grows, stays within its bounds, and never undercuts what the server asked', () => {
  expect(retryDelayMs(1, null, 0)).toBe(100);
  expect(retryDelayMs(1, null, 0.999)).toBeLessThan(200);
  expect(retryDelayMs(3, null, 0)).toBe(400);
  expect(retryDelayMs(50, null, 0.999)).toBeLessThan(10_000);
  expect(retryDelayMs(1, 3_000, 0)).toBe(3_000);
});

test('those who were refused together are spread over what the server asked', () => {
  expect(spreadDelayMs(1, 10_000, 0)).toBe(10_000);
  expect(spreadDelayMs(1, 10_000, 0.5)).toBe(12_500);
  expect(spreadDelayMs(1, null, 0)).toBe(100);
});
