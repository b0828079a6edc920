export interface StopSignal {
  readonly signal: AbortSignal;
  /** Resolves when it is time to stop. */
  readonly stopped: Promise<void>;
  now(reason: string): void;
}

const PARENT_CHECK_MS = 1_000;
const SAME_PRESS_MS = 1_000;

/**
 * The one place that decides to stop: a signal, or that our parent has gone. npm and the terminal may
 * both deliver one press of Ctrl-C, so a second within a second is the same; a later one ends at once.
 */
export function stopSignal(onStop: () => void): StopSignal {
  const stop = new AbortController();
  const { promise, resolve } = Promise.withResolvers<void>();
  let pressedAt = 0;
  const now = (reason: string): void => {
    if (stop.signal.aborted) return;
    onStop();
    stop.abort(new Error(reason));
    resolve();
  };
  const press = (): void => {
    if (!stop.signal.aborted) {
      pressedAt = performance.now();
      now('told to stop');
    } else if (performance.now() - pressedAt > SAME_PRESS_MS) process.exit(130);
  };
  process.on('SIGINT', press);
  process.on('SIGTERM', press);
  process.on('SIGHUP', press);
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) now('the process that started this one has gone');
  }, PARENT_CHECK_MS).unref();
  return { signal: stop.signal, stopped: promise, now };
}
