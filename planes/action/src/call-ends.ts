/**
 * Calls that end at this replica wake whoever waits for them here. A wake is a hint: whoever has it looks, and who
 * waits at another replica looks every now and then.
 */
export interface CallEnds {
  /** Watched before it is looked at, so that no end falls between. */
  watch(callId: string): {
    /** For at most so long. */
    wait(ms: number): Promise<void>;
    close(): void;
  };
  ended(callId: string): void;
}

export function createCallEnds(): CallEnds {
  const watching = new Map<string, Set<() => void>>();
  return {
    watch: (callId) => {
      let hasEnded = false;
      let goOn: (() => void) | null = null;
      const wake = (): void => {
        hasEnded = true;
        goOn?.();
      };
      const all = watching.get(callId) ?? new Set();
      watching.set(callId, all.add(wake));
      return {
        wait: (ms) =>
          new Promise((resolve) => {
            const timer = setTimeout(() => goOn?.(), ms);
            goOn = () => {
              clearTimeout(timer);
              // Told once: an end that is not seen by whoever looks is looked for as if there had been none.
              [hasEnded, goOn] = [false, null];
              resolve();
            };
            if (hasEnded) goOn();
          }),
        close: () => {
          all.delete(wake);
          if (all.size === 0 && watching.get(callId) === all) watching.delete(callId);
        },
      };
    },
    ended: (callId) => {
      for (const wake of watching.get(callId) ?? []) wake();
    },
  };
}
