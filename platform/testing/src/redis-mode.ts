import type { RedisServer } from './redis-server.ts';

/**
 * What tests have beside their database, by `TEST_REDIS`: nothing, a Redis, or one that dies and comes back all the
 * time. Redis makes things quicker and nothing depends on it: the same tests pass with each.
 */
export type RedisMode = 'none' | 'with' | 'lost';

declare module 'vitest' {
  export interface ProvidedContext {
    redisMode: RedisMode;
    /** Null: there is none. */
    redisUrl: string | null;
  }
}

/** Long enough to be used, and short enough that no test of waking goes by without a loss. */
const UP_MS = 700;
const DOWN_MS = 300;

/** Kills it and starts it again, until it is told to stop; then it is up. */
export function keepLosing(redis: RedisServer): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      stopping.signal.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  const losing = (async () => {
    while (!stopping.signal.aborted) {
      await pause(UP_MS);
      await redis.kill();
      await pause(DOWN_MS);
      await redis.start();
    }
  })();
  return {
    stop: async () => {
      stopping.abort();
      await losing;
    },
  };
}
