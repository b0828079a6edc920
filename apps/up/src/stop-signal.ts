export interface StopSignal {
  /** Its reason is a `Stopped`, or what broke. */
  readonly signal: AbortSignal;
  /** Resolves when it is time to stop. */
  readonly stopped: Promise<void>;
  now(reason: Error): void;
}

/** Somebody wants it so: nothing is wrong. */
export class Stopped extends Error {}

export interface StopReactions {
  readonly onStop: () => void;
  /** Asked again, while stopping: whoever asks does not want to wait. */
  readonly onAgain: () => void;
}

const PARENT_CHECK_MS = 1_000;
const SAME_PRESS_MS = 1_000;

/**
 * The one place that decides to stop: a signal, or that our parent has gone. npm and the terminal may
 * both deliver one press of Ctrl-C, so a second within a second is the same; a later one ends at once.
 */
export function stopSignal({ onStop, onAgain }: StopReactions): StopSignal {
  const stop = new AbortController();
  const { promise, resolve } = Promise.withResolvers<void>();
  let pressedAt = 0;
  const now = (reason: Error): void => {
    if (stop.signal.aborted) return;
    stop.abort(reason);
    onStop();
    resolve();
  };
  const press = (): void => {
    if (!stop.signal.aborted) {
      pressedAt = performance.now();
      now(new Stopped('told to stop'));
    } else if (performance.now() - pressedAt > SAME_PRESS_MS) onAgain();
  };
  process.on('SIGINT', press);
  process.on('SIGTERM', press);
  process.on('SIGHUP', press);
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) now(new Stopped('the process that started this one has gone'));
  }, PARENT_CHECK_MS).unref();
  return { signal: stop.signal, stopped: promise, now };
}
