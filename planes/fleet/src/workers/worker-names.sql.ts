import { type Executor, sql } from '@sagewai/postgres';
import type { WorkerId } from '@sagewai/wire';

/** The short name of a worker, by which batches of the log name it; null: there is none here. */
export async function numberOfWorker(tx: Executor, id: WorkerId): Promise<number | null> {
  const { rows } = await sql<{ num: number }>`select num from worker where id = ${id}`.execute(tx);
  return rows[0]?.num ?? null;
}

export async function nameWorkers(
  tx: Executor,
  nums: readonly number[],
): Promise<Map<number, WorkerId>> {
  if (nums.length === 0) return new Map();
  const { rows } = await sql<{ num: number; id: WorkerId }>`
    select num, id from worker where num = any(${[...new Set(nums)]}::integer[])
  `.execute(tx);
  return new Map(rows.map(({ num, id }) => [num, id]));
}
