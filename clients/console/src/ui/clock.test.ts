import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { createWallClock } from './clock.ts';

const MINUTE_MS = 60_000;

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
});
afterEach(() => {
  vi.useRealTimers();
});

test('whoever comes after nobody has looked sees the time that it is', () => {
  const clock = createWallClock();
  const leave = clock.watch();
  vi.advanceTimersByTime(1_000);
  expect(clock.now.get()).toBe(1_000);
  leave();
  vi.advanceTimersByTime(MINUTE_MS);
  expect(clock.now.get()).toBe(1_000);
  clock.watch();
  expect(clock.now.get()).toBe(1_000 + MINUTE_MS);
});

test('it goes on until the last has left', () => {
  const clock = createWallClock();
  const leave = [clock.watch(), clock.watch()];
  leave[0]?.();
  vi.advanceTimersByTime(MINUTE_MS);
  expect(clock.now.get()).toBe(MINUTE_MS);
  leave[1]?.();
  expect(vi.getTimerCount()).toBe(0);
});
