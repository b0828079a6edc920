import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { Stopped, stopSignal } from './stop-signal.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance', 'setInterval'] }));
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
  for (const signal of SIGNALS) process.removeAllListeners(signal);
});

const reactions = () => ({ onStop: vi.fn<() => void>(), onAgain: vi.fn<() => void>() });

test('one press of Ctrl-C that npm and the terminal deliver is one', async () => {
  const { onStop, onAgain } = reactions();
  const stop = stopSignal({ onStop, onAgain });
  process.emit('SIGINT', 'SIGINT');
  process.emit('SIGINT', 'SIGINT');
  await stop.stopped;
  expect(stop.signal.reason).toBeInstanceOf(Stopped);
  expect(onStop).toHaveBeenCalledTimes(1);
  expect(onAgain).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1_001);
  process.emit('SIGINT', 'SIGINT');
  expect(onAgain).toHaveBeenCalledTimes(1);
});

test('the parent that goes away stops it too', async () => {
  const stop = stopSignal(reactions());
  vi.advanceTimersByTime(1_000);
  expect(stop.signal.aborted).toBe(false);
  vi.spyOn(process, 'ppid', 'get').mockReturnValue(1);
  vi.advanceTimersByTime(1_000);
  await stop.stopped;
  expect(stop.signal.reason).toBeInstanceOf(Stopped);
});

test('what broke is the reason, and the first reason stays', () => {
  const stop = stopSignal(reactions());
  const broken = new Error('the server ended');
  stop.now(broken);
  process.emit('SIGTERM', 'SIGTERM');
  expect(stop.signal.reason).toBe(broken);
});
