import { expect, test } from 'vitest';

import { addedMs } from './added-latency.ts';

const took = (p50Ms: number): { p50Ms: number; p99Ms: number } => ({ p50Ms, p99Ms: p50Ms * 10 });

test('what is added is told within a round: rounds differ by more than that', () => {
  const seen = { direct: [took(1), took(5), took(2)], through: [took(2), took(6.5), took(2.5)] };
  expect(addedMs(seen, 'p50Ms')).toBe(1);
  expect(addedMs(seen, 'p99Ms')).toBe(10);
});
