import { setTimeout as delay } from 'node:timers/promises';

import { type Executor, sql } from '@sagewai/postgres';

const GIVE_UP_AFTER_MS = 5000;
const POLL_MS = 5;

/**
 * Returns when `count` statements of the test's database wait for a lock: the moment that an
 * interleaving test wants, where a pause would only guess.
 */
export async function untilWaiting(owner: Executor, count = 1): Promise<void> {
  const giveUpAt = Date.now() + GIVE_UP_AFTER_MS;
  for (;;) {
    const waiting = await countWaiting(owner);
    if (waiting >= count) return;
    if (Date.now() > giveUpAt) throw new Error(`${waiting} of ${count} statements wait for a lock`);
    await delay(POLL_MS);
  }
}

async function countWaiting(owner: Executor): Promise<number> {
  const { rows } = await sql<{ waiting: number }>`
    select count(*)::int as waiting from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'
  `.execute(owner);
  return rows[0]?.waiting ?? 0;
}
