import { inspectEmbeddedPostgres, startEmbeddedPostgres } from '@sagewai/embedded-postgres';

export interface FoundDatabase {
  /** The owner's login. */
  readonly url: string;
  readonly close: () => Promise<void>;
}

export interface Place {
  readonly home: string;
  /** Of the environment; null: the embedded PostgreSQL of the home. */
  readonly ownerUrl: string | null;
  /** Whether a home without data gets some. */
  readonly mayMake: boolean;
  readonly signal: AbortSignal;
}

const quiet = { debug: ignore, info: ignore, warn: ignore, error: ignore };

function ignore(): void {}

/** Null: there is no data in this home. One that runs is used as it is; else it is started for as long as it takes. */
export async function findDatabase(place: Place): Promise<FoundDatabase | null> {
  const { home, ownerUrl, mayMake, signal } = place;
  if (ownerUrl !== null) return { url: ownerUrl, close: () => Promise.resolve() };
  const state = await inspectEmbeddedPostgres(home);
  if (state.url !== null && state.owner.kind === 'held') {
    return { url: state.url, close: () => Promise.resolve() };
  }
  if (state.dataMajor === null && !mayMake) return null;
  const started = await startEmbeddedPostgres({ home, log: quiet, signal });
  return { url: started.url, close: started.stop };
}
