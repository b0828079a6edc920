import { type Executor, sql, type Tx } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

import { NO_POOL_SETTING, type PoolSetting } from '../dispatch/strategy.ts';
import type { WirePolicy } from '../runs/retry-policy.ts';
import type { Ramp } from '../workers/version.ts';
import { RAMP } from '../workers/versions.sql.ts';

export async function readPoolSetting(
  db: Executor,
  orgId: OrganizationId,
  pool: string,
): Promise<PoolSetting> {
  const { rows } = await sql<
    Omit<PoolSetting, 'ramp' | 'retry'> & { ramp: Ramp | null; retry: WirePolicy | null }
  >`
    select ps.strategy, ps.capacity_threshold as threshold, ${RAMP} as ramp, ps.retry
    from pool_setting ps
    where ps.org_id = ${orgId} and ps.pool = ${pool}
  `.execute(db);
  const [row] = rows;
  if (row === undefined) return NO_POOL_SETTING;
  const { ramp, retry, ...setting } = row;
  return {
    ...setting,
    ...(ramp === null ? {} : { ramp }),
    ...(retry === null ? {} : { retry }),
  };
}

export async function setPoolSetting(
  tx: Tx,
  { orgId, pool }: { readonly orgId: OrganizationId; readonly pool: string },
  { strategy, threshold, retry }: Omit<PoolSetting, 'ramp'>,
): Promise<void> {
  await sql`
    insert into pool_setting (org_id, pool, strategy, capacity_threshold, retry)
    values (${orgId}, ${pool}, ${strategy}, ${threshold},
            ${retry === undefined ? null : JSON.stringify(retry)}::json)
    on conflict (org_id, pool) do update
      set strategy = excluded.strategy, capacity_threshold = excluded.capacity_threshold,
          retry = excluded.retry
  `.execute(tx);
}

/** A pool as it is listed. */
export interface PoolRow extends Omit<PoolSetting, 'ramp' | 'retry'> {
  readonly retry: WirePolicy | null;
  readonly pool: string;
  /** Approved ones that were heard lately. */
  readonly workers: number;
  readonly slots: number;
  readonly active: number;
}

/** Every pool that has a worker, a run or a setting. */
export async function listPools(
  tx: Executor,
  orgId: OrganizationId,
  heardMs: number,
): Promise<PoolRow[]> {
  const { rows } = await sql<PoolRow>`
    with live as (
      select s.pool, s.max_concurrent,
             (select count(*)::int from lease l where l.worker_num = s.worker_num) as active
      from worker_session s
      where s.org_id = ${orgId} and s.state = 'approved'
        and s.last_seen_at > app_now() - ${heardMs} * interval '1 millisecond'
    ), named as (
      select pool from pool_setting where org_id = ${orgId}
      union select pool from match_class where org_id = ${orgId}
      union select pool from worker where org_id = ${orgId}
    )
    select n.pool, p.strategy, p.capacity_threshold as threshold,
           p.retry::jsonb as retry, count(l.pool)::int as workers,
           coalesce(sum(l.max_concurrent), 0)::int as slots, coalesce(sum(l.active), 0)::int as active
    from named n
    left join pool_setting p on p.org_id = ${orgId} and p.pool = n.pool
    left join live l on l.pool = n.pool
    group by n.pool, p.strategy, p.capacity_threshold, p.retry::jsonb order by n.pool
  `.execute(tx);
  return rows;
}
