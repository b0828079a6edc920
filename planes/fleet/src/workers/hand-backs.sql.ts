import { type Executor, sql } from '@sagewai/postgres';

import { type LeaseName, takeBack, type TakenBack } from '../dispatch/leases.sql.ts';

/**
 * A worker hands leases back that it will not finish: the runs are queued again at once, and the attempts do
 * not count. Only what its session has (F1): an epoch names one lease for ever, so what was looked at is
 * what is taken.
 */
export async function handBack(
  db: Executor,
  by: { readonly workerNum: number; readonly sessionEpoch: bigint },
  leases: readonly LeaseName[],
): Promise<TakenBack[]> {
  const { rows: held } = await sql<LeaseName>`
    select l.run_id as "runId", l.epoch
    from unnest(
      ${leases.map((lease) => lease.runId)}::uuid[], ${leases.map((lease) => lease.epoch)}::bigint[]
    ) as g(run_id, epoch)
    join lease l on l.run_id = g.run_id and l.epoch = g.epoch
    where l.worker_num = ${by.workerNum} and l.session_epoch = ${by.sessionEpoch}
    order by l.run_id
  `.execute(db);
  return takeBack(db, held, { why: 'its worker handed it back', counts: false });
}
