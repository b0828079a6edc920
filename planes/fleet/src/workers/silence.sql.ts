import { type Executor, sql } from '@sagewai/postgres';

import type { Silence } from './judge-silence.ts';

/** Whether anybody has a run, how many workers that may do hold runs, and how many of them are silent. Silence before `upSince` does not count. */
export async function readSilence(
  db: Executor,
  of: { readonly silenceMs: number; readonly upSince: Date },
): Promise<Silence & { readonly anyLease: boolean }> {
  const { rows } = await sql<Silence & { anyLease: boolean }>`
    select exists (select from lease) as "anyLease", count(*)::int as holders,
           count(*) filter (
             where greatest(s.last_seen_at, ${of.upSince}::timestamptz, h.claimed_at)
                   < app_now() - ${of.silenceMs} * interval '1 millisecond')::int as silent
    from (select worker_num, max(claimed_at) as claimed_at from lease group by worker_num) h
    join worker_session s on s.worker_num = h.worker_num
    where s.state = 'approved'
  `.execute(db);
  return rows[0] ?? { holders: 0, silent: 0, anyLease: true };
}
