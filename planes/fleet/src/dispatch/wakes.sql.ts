import { type Executor, sql } from '@sagewai/postgres';

import { WAKE_CHANNEL } from './hints.ts';

/** Tells the other replicas. By itself, never in a transaction with anything else: its commit has a global lock. */
export async function notifyWake(db: Executor, payload: string): Promise<void> {
  await sql`select pg_notify(${WAKE_CHANNEL}, ${payload})`.execute(db);
}
