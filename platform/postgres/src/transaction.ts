import type { OrganizationId } from '@sagewai/wire';

import type { Connection, Db, Tx } from './database.ts';
import { sql } from './statement.ts';

/**
 * Runs `work` in a transaction that sees exactly the rows of `orgIds` (row-level security reads the
 * list). An empty list sees no tenant's row.
 */
export function inTenant<T>(
  db: Db,
  orgIds: readonly OrganizationId[],
  work: (tx: Tx) => Promise<T>,
): Promise<T> {
  const list = orgIds.join(',');
  return transact(db, work, (connection) =>
    sql`select set_config('sagewai.orgs', ${list}, true)`.execute(connection),
  );
}

/** As `inTenant`, for reading alone: all statements see the rows as they are at the first one. */
export function inSnapshot<T>(
  db: Db,
  orgIds: readonly OrganizationId[],
  work: (tx: Tx) => Promise<T>,
): Promise<T> {
  const list = orgIds.join(',');
  const begin = 'begin isolation level repeatable read read only';
  return transact(
    db,
    work,
    (connection) => sql`select set_config('sagewai.orgs', ${list}, true)`.execute(connection),
    begin,
  );
}

/** Runs `work` in a transaction that sees no tenant's rows: dispatch tables, and rows of the platform. */
export function inTransaction<T>(db: Db, work: (tx: Tx) => Promise<T>): Promise<T> {
  return transact(db, work);
}

async function transact<T>(
  db: Db,
  work: (tx: Tx) => Promise<T>,
  prepare?: (connection: Connection) => Promise<unknown>,
  begin: Parameters<Connection['command']>[0] = 'begin',
): Promise<T> {
  const afterCommit: (() => void)[] = [];
  const output = await db.withConnection(async (connection) => {
    // Not awaited one by one: the connection sends them in order, ahead of the first statement.
    const begun = Promise.all([connection.command(begin), prepare?.(connection)]);
    begun.catch(() => connection.spoil());
    try {
      const result = await work({
        kind: 'tx',
        run: (statement) => connection.run(statement),
        apart: (statement) => db.run(statement),
        onCommit: (action) => void afterCommit.push(action),
      });
      await begun;
      await connection.command('commit');
      return result;
    } catch (thrown) {
      await connection.command('rollback').catch(() => connection.spoil());
      throw thrown;
    }
  });
  for (const action of afterCommit) action();
  return output;
}
