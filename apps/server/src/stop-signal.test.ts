import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { stopSignal } from './stop-signal.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => {
  vi.useRealTimers();
  process.removeAllListeners('SIGTERM');
  process.removeAllListeners('SIGINT');
});

test('one press of Ctrl-C that comes twice is one; a later one is another', async () => {
  const again = vi.fn<() => void>();
  const stop = stopSignal(again);
  expect(stop.signal.aborted).toBe(false);
  process.emit('SIGINT', 'SIGINT');
  await stop.stopped;
  expect(stop.signal.aborted).toBe(true);
  process.emit('SIGTERM', 'SIGTERM');
  expect(again).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1_001);
  process.emit('SIGINT', 'SIGINT');
  expect(again).toHaveBeenCalledTimes(1);
});

test('who tells it to stop is heard as a signal is', async () => {
  const stop = stopSignal(() => undefined);
  stop.now();
  await stop.stopped;
  expect(stop.signal.aborted).toBe(true);
});
