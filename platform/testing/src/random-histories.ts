import { inject } from 'vitest';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Of TEST_HISTORIES_MINUTES; 0: as long as the test says. */
    readonly historiesMinutes: number;
    /** Of TEST_SEED, or under CI always the same; null: another one each time. */
    readonly historiesSeed: number | null;
  }
}

export interface HistoriesBound {
  readonly numRuns: number;
  readonly timeMs: number;
}

/** What `fc.assert` takes. */
export interface HistoriesRun {
  readonly numRuns: number;
  readonly interruptAfterTimeLimit: number;
  readonly seed?: number;
}

/**
 * How a property over long random histories is run: in a bounded time, and under CI over the same
 * histories each time, so that a change is judged by what it changes. `npm run check:long` plays new
 * ones for minutes.
 */
export function randomHistories({ numRuns, timeMs }: HistoriesBound): HistoriesRun {
  const minutes = inject('historiesMinutes');
  const seed = inject('historiesSeed');
  return {
    numRuns: minutes > 0 ? 1e9 : numRuns,
    interruptAfterTimeLimit: minutes > 0 ? minutes * 60_000 : timeMs,
    ...(seed === null ? {} : { seed }),
  };
}
