import { type Executor, sql } from '@sagewai/postgres';

export interface PendingCount {
  readonly pool: string;
  /** Canonical, or `*`. */
  readonly model: string;
  readonly pending: number;
}

/** Counts the queue into `pending_count`. Its cost grows with the backlog: for a job, not for a request. */
export async function countPending(db: Executor): Promise<void> {
  await sql`select fleet_count_pending()`.execute(db);
}

/** What was counted last; every pool that was ever asked for is there, with 0 when it has nothing. */
export async function readPending(db: Executor): Promise<PendingCount[]> {
  const { rows } = await sql<PendingCount>`
    select pool, model, pending::float8 as pending from pending_count order by pool, model
  `.execute(db);
  return rows;
}

export interface WorkerLoad {
  readonly workerId: string;
  readonly pool: string;
  readonly active: number;
  readonly maxConcurrent: number;
}

/** Of approved workers that were heard within `heardMs`. */
export async function readLoads(db: Executor, heardMs: number): Promise<WorkerLoad[]> {
  const { rows } = await sql<WorkerLoad>`
    select s.worker_id as "workerId", s.pool, s.max_concurrent as "maxConcurrent",
           (select count(*)::int from lease l where l.worker_num = s.worker_num) as active
    from worker_session s
    where s.state = 'approved' and s.last_seen_at > app_now() - ${heardMs} * interval '1 millisecond'
    order by s.worker_num
  `.execute(db);
  return rows;
}
