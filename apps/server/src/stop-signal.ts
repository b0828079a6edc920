export interface StopSignal {
  /** Resolves when it is time to stop; `signal` says the same to what waits meanwhile. */
  readonly stopped: Promise<void>;
  readonly signal: AbortSignal;
  now(): void;
}

const SAME_PRESS_MS = 1_000;

/**
 * Resolves at the first signal, or when told. A terminal, npm and our parent may each deliver the same
 * one: what comes within a second is one; a later one is somebody who does not want to wait.
 */
export function stopSignal(onAgain: () => void): StopSignal {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = new AbortController();
  const now = (): void => {
    stop.abort(new Error('told to stop'));
    resolve();
  };
  let firstAt: number | null = null;
  const press = (): void => {
    if (firstAt === null) {
      firstAt = performance.now();
      now();
    } else if (performance.now() - firstAt > SAME_PRESS_MS) onAgain();
  };
  process.on('SIGTERM', press);
  process.on('SIGINT', press);
  return { stopped: promise, signal: stop.signal, now };
}
