import { type Executor, sql } from '@sagewai/postgres';

/** The database's own clock, without any offset of tests. */
export async function readDatabaseClock(db: Executor): Promise<Date> {
  const { rows } = await sql<{ now: Date }>`select clock_timestamp() as now`.execute(db);
  const [row] = rows;
  if (!row) throw new Error('the database did not tell the time');
  return row.now;
}
