import pg from 'pg';

import type { Bench } from '../common/bench.ts';
import type { Postgres } from '../common/postgres.ts';

/**
 * Holds a snapshot open to the end of the benchmark, as a long report or a forgotten session does: while it
 * lasts, nothing that is deleted is cleared away, and every index keeps its entries.
 */
export async function pinSnapshot(bench: Bench, postgres: Postgres): Promise<void> {
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  bench.teardown.defer('the pinned snapshot', () => client.end());
  await client.query('begin isolation level repeatable read, read only');
  // The snapshot is taken by the first statement.
  await client.query('select 1');
}
