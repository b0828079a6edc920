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
