import { createStore, type Store } from '../store.ts';

const TICK_MS = 1_000;

/** One clock for all times of a page; it goes while somebody looks at it. */
export interface WallClock {
  readonly now: Store<number>;
  /** Until what it returns is called. */
  watch(): () => void;
}

export function createWallClock(): WallClock {
  const now = createStore(Date.now());
  let watchers = 0;
  let timer: ReturnType<typeof setInterval> | undefined;
  return {
    now,
    watch: () => {
      watchers += 1;
      if (timer === undefined) {
        // It stood still while nobody looked.
        now.set(Date.now());
        timer = setInterval(() => now.set(Date.now()), TICK_MS);
      }
      return () => {
        watchers -= 1;
        if (watchers > 0) return;
        clearInterval(timer);
        timer = undefined;
      };
    },
  };
}
