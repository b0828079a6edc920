import { type Executor, sql } from '@sagewai/postgres';
import type { RunId, WorkerId } from '@sagewai/wire';

export interface AttemptRow {
  readonly attempt: number;
  readonly workerId: WorkerId | null;
  readonly workerName: string | null;
  readonly epoch: bigint;
  readonly startedAt: Date;
  /** Null: it is under way. */
  readonly endedAt: Date | null;
  readonly error: string | null;
  readonly errorClass: string | null;
}

/** What workers have tried: what was kept of it, then the attempt that ended the run or is under way. */
export async function readAttempts(tx: Executor, runId: RunId): Promise<AttemptRow[]> {
  const { rows } = await sql<AttemptRow>`
    select t.attempt, w.id as "workerId", w.name as "workerName", t.epoch, t.started_at as "startedAt",
           t.ended_at as "endedAt", t.error, t.error_class as "errorClass"
    from (
      select a.attempt, a.worker_num, a.epoch, a.started_at, a.ended_at, a.error, a.error_class
      from attempt a where a.run_id = ${runId}
      union all
      select o.attempt, o.worker_num, o.epoch, o.started_at, o.at, o.error, o.error_class
      from outcome o where o.run_id = ${runId} and o.epoch is not null
      union all
      select l.attempt, l.worker_num, l.epoch, l.claimed_at, null, null, null
      from lease l where l.run_id = ${runId}
    ) t left join worker w on w.num = t.worker_num
    order by t.epoch
  `.execute(tx);
  return rows;
}
