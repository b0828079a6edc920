/** A condition that can be waited for, as often as it changes. */
export interface Latch {
  readonly isOpen: boolean;
  set(open: boolean): void;
  /** Resolves when it is open, or when the signal says that waiting is over. Leaves nothing behind. */
  opened(signal: AbortSignal): Promise<void>;
}

export function createLatch(open: boolean): Latch {
  let isOpen = open;
  const waiting = new Set<() => void>();
  return {
    get isOpen() {
      return isOpen;
    },
    set: (next) => {
      isOpen = next;
      if (isOpen) for (const resolve of waiting) resolve();
    },
    opened: async (signal) => {
      if (isOpen || signal.aborted) return;
      await new Promise<void>((resolve) => {
        const end = (): void => {
          waiting.delete(end);
          signal.removeEventListener('abort', end);
          resolve();
        };
        waiting.add(end);
        signal.addEventListener('abort', end, { once: true });
      });
    },
  };
}
