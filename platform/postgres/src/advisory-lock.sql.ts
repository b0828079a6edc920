import type { Db } from './database.ts';
import { sql } from './statement.ts';

/**
 * Holds a session advisory lock for as long as `work` runs. `busy` when another session has it. The
 * lock dies with the connection, so a killed process never blocks the next one.
 */
export async function withAdvisoryLock<T>(
  db: Db,
  name: string,
  work: () => Promise<T>,
): Promise<{ readonly kind: 'done'; readonly value: T } | { readonly kind: 'busy' }> {
  return db.withConnection(async (connection) => {
    const { rows } = await sql<{ locked: boolean }>`
      select pg_try_advisory_lock(hashtextextended(${name}, 0)) as locked
    `.execute(connection);
    if (rows[0]?.locked !== true) return { kind: 'busy' };
    try {
      return { kind: 'done', value: await work() };
    } finally {
      await sql`select pg_advisory_unlock(hashtextextended(${name}, 0))`
        .execute(connection)
        .catch(() => connection.spoil());
    }
  });
}

export interface HoldOptions {
  /** Ends the holding, and the seeking. */
  readonly signal: AbortSignal;
  /** Between two looks at the lock while another session has it. */
  readonly everyMs: number;
  /** Between two looks at the connection that holds it. */
  readonly pingEveryMs: number;
  readonly onHeld: () => void;
  /** The lock went with its connection: another session may have it by now. */
  readonly onLost: (error: Error) => void;
}

/**
 * Seeks a lock for as long as `signal` is not aborted, and holds it while its connection lives. Two
 * holders may overlap for up to `pingEveryMs` after a connection broke unnoticed.
 */
export async function seekAdvisoryLock(db: Db, name: string, options: HoldOptions): Promise<void> {
  const { signal, everyMs, pingEveryMs, onHeld, onLost } = options;
  while (!signal.aborted) {
    let isHeld = false;
    try {
      await db.withConnection(async (connection) => {
        const { rows } = await sql<{ locked: boolean }>`
          select pg_try_advisory_lock(hashtextextended(${name}, 0)) as locked
        `.execute(connection);
        if (rows[0]?.locked !== true) return;
        isHeld = true;
        onHeld();
        try {
          while (await elapsed(pingEveryMs, signal)) await sql`select 1`.execute(connection);
        } finally {
          // Closing the session is the one release that cannot fail.
          connection.spoil();
        }
      });
    } catch (error) {
      if (isHeld) onLost(error as Error);
    }
    await elapsed(everyMs, signal);
  }
}

/** True after the wait, false as soon as the signal is aborted. */
async function elapsed(ms: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false;
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve(!signal.aborted);
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end, { once: true });
  });
}
