/** Longest that one undoing may take; the next is tried whatever becomes of it. */
const UNDO_MS_MAX = 15_000;

/** What must be undone, last done first: on success, on failure and on Ctrl-C alike. */
export interface Teardown {
  defer(name: string, undo: () => Promise<void>): void;
  /** Idempotent: a second caller waits for the first. */
  run(): Promise<void>;
}

export function createTeardown(say: (line: string) => void): Teardown {
  const deferred: { name: string; undo: () => Promise<void> }[] = [];
  let running: Promise<void> | null = null;

  async function undoAll(): Promise<void> {
    for (let last = deferred.pop(); last !== undefined; last = deferred.pop()) {
      try {
        // One after another, on purpose: a server is stopped before the database it writes to.
        await within(last.undo(), UNDO_MS_MAX);
      } catch (cause) {
        say(
          `could not stop ${last.name}: ${cause instanceof Error ? cause.message : String(cause)}`,
        );
      }
    }
  }

  return {
    defer: (name, undo) => {
      deferred.push({ name, undo });
    },
    run: () => (running ??= undoAll()),
  };
}

async function within(work: Promise<void>, ms: number): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`not done after ${ms} ms`)), ms);
  try {
    await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
