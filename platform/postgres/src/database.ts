import pg from 'pg';

import { connectionOptions, type ConnectOptions } from './connection-options.ts';
import { patienceMs } from './patience.ts';
import type { Statement } from './statement.ts';

export interface Result<Row> {
  readonly rows: Row[];
  /** Rows returned or changed. */
  readonly rowCount: number;
}

/** What statements run on: the pool, or one open transaction. */
export interface Executor {
  run<Row>(statement: Statement<Row>): Promise<Result<Row>>;
}

/** An open transaction. Its statements run in order on one connection. */
export interface Tx extends Executor {
  readonly kind: 'tx';
  /** Runs after a successful commit, and never otherwise; for wakes and counters, which cannot fail. */
  onCommit(action: () => void): void;
  /**
   * Runs a statement outside the transaction, on another connection of the pool: committed at once,
   * whatever becomes of the transaction. For what others must hear of before it can go on.
   */
  apart<Row>(statement: Statement<Row>): Promise<Result<Row>>;
}

export interface Db extends Executor {
  readonly kind: 'db';
  /** A connection of its own for as long as `work` runs; for transactions and session locks. */
  withConnection<T>(work: (connection: Connection) => Promise<T>): Promise<T>;
  /** Connections that are open, idle, and callers waiting for one. */
  poolState(): { total: number; idle: number; waiting: number };
  /** Statements sent since the start, `begin` and `commit` included. */
  statementCount(): number;
  close(): Promise<void>;
}

export interface Connection extends Executor {
  /**
   * Text without parameters (`begin`, `commit`); never built from input. A `commit` that commits
   * nothing throws: a statement had failed, and whoever ran it went on.
   */
  command(
    text:
      | 'begin'
      | 'commit'
      | 'rollback'
      | 'begin read only'
      | 'begin isolation level repeatable read read only',
  ): Promise<void>;
  /** Marks the connection as unusable: it is closed instead of going back to the pool. */
  spoil(): void;
}

export function connect(options: ConnectOptions): Db {
  const pool = new pg.Pool(connectionOptions(options));
  // An idle connection that breaks is replaced by the pool; without a listener it would be fatal.
  pool.on('error', (error) => options.onConnectionError?.(error));
  const named = options.preparedStatements ?? true;
  let statements = 0;
  const run = async <Row>(target: pg.Pool | pg.PoolClient, statement: Statement<Row>) => {
    const { text, values, name } = statement.compile();
    statements += 1;
    const query =
      named && name
        ? { text, values: values as unknown[], name }
        : // Extended: else a text without values might hold several statements.
          { text, values: values as unknown[], queryMode: 'extended' };
    const result = await target.query({ ...query, ...patient() });
    return { rows: result.rows as Row[], rowCount: result.rowCount ?? 0 };
  };
  return {
    kind: 'db',
    run: (statement) => run(pool, statement),
    withConnection: async (work) => {
      const client = await pool.connect();
      let spoilt = false;
      const noteError = (): void => {
        spoilt = true;
      };
      client.on('error', noteError);
      try {
        return await work({
          run: (statement) => run(client, statement),
          command: async (text) => {
            statements += 1;
            const { command } = await client.query({ text, ...patient() });
            // The server answers `commit` of a failed transaction with a rollback, and no error.
            if (text === 'commit' && command !== 'COMMIT') throw new Error('nothing was committed');
          },
          spoil: noteError,
        });
      } finally {
        client.off('error', noteError);
        client.release(spoilt);
      }
    },
    poolState: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    statementCount: () => statements,
    close: () => pool.end(),
  };
}

/** How long the driver waits for the answer; after that it closes the connection (`pipeline`). */
function patient(): { readonly query_timeout?: number } {
  const ms = patienceMs();
  return ms === undefined ? {} : { query_timeout: ms };
}
