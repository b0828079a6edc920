/** Longer than what a terminal and a supervisor send for one wish. */
const SECOND_SIGNAL_MS = 1_000;

export interface StopOnSignals {
  /** Aborts at the first SIGINT or SIGTERM; a second one, more than a second later, ends the process at once. */
  readonly signal: AbortSignal;
  /** Leaves signals to others again. */
  release(): void;
}

export function stopOnSignals(note: (text: string) => void): StopOnSignals {
  const stop = new AbortController();
  let firstAt = 0;
  const handle = (): void => {
    if (!stop.signal.aborted) {
      firstAt = performance.now();
      note('draining; a second signal ends it at once');
      stop.abort(new Error('told to stop'));
    } else if (performance.now() - firstAt > SECOND_SIGNAL_MS) process.exit(1);
  };
  process.on('SIGINT', handle);
  process.on('SIGTERM', handle);
  return {
    signal: stop.signal,
    release: () => {
      process.off('SIGINT', handle);
      process.off('SIGTERM', handle);
    },
  };
}
