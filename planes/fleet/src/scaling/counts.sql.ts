import { type Executor, sql } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

import type { Freshness } from '../workers/freshness.ts';
import { satisfiesPin } from '../workers/version.ts';
import { readPins } from '../workers/versions.sql.ts';

export interface PendingCount {
  readonly pool: string;
  /** Canonical, or `*`. */
  readonly model: string;
  /** More workers would help these. */
  readonly pending: number;
  readonly blockedByQuota: number;
  /** Of `pending`: no worker that was heard lately can serve them. */
  readonly unmatchable: number;
  /** Of the run that waits longest; 0 when none waits. */
  readonly oldestSeconds: number;
}

/** Counts the queue into `pending_count`. Its cost grows with the backlog: for a job, not for a request. */
export async function countPending(
  db: Executor,
  { heardMs, probeStaleMs }: Freshness,
): Promise<void> {
  const pins = (await readPins(db)).filter(({ pin, version }) => satisfiesPin(version, pin));
  await sql`
    select fleet_count_pending(${heardMs}, ${probeStaleMs},
                               ${pins.map(({ classId }) => classId)}::integer[],
                               ${pins.map(({ version }) => version)}::text[])
  `.execute(db);
}

const FACTS = sql`
  sum(pending)::float8 as pending, sum(blocked_by_quota)::float8 as "blockedByQuota",
  sum(unmatchable)::float8 as unmatchable,
  coalesce(greatest(0, extract(epoch from app_now() - min(oldest_at))), 0)::float8 as "oldestSeconds"
`;

/** What was counted last, of all organizations; what was ever asked for is there, with 0. */
export async function readPending(db: Executor): Promise<PendingCount[]> {
  const { rows } = await sql<PendingCount>`
    select pool, model, ${FACTS} from pending_count group by pool, model order by pool, model
  `.execute(db);
  return rows;
}

/** The same of one organization. */
export async function readPendingOf(
  db: Executor,
  { orgId, pool, model }: QueueFilter,
): Promise<PendingCount[]> {
  const { rows } = await sql<PendingCount>`
    select pool, model, ${FACTS} from pending_count
    where org_id = ${orgId}
      and (${pool}::text is null or pool = ${pool}) and (${model}::text is null or model = ${model})
    group by pool, model order by pool, model
  `.execute(db);
  return rows;
}

export interface QueueFilter {
  readonly orgId: OrganizationId;
  readonly pool: string | null;
  /** Canonical. */
  readonly model: string | null;
}

/**
 * How many runs wait at this moment, counted up to `max`: a queue that has just got its first run is
 * told before the next count. Null: there are more.
 */
export async function countWaiting(
  db: Executor,
  { orgId, pool, model, max }: QueueFilter & { readonly max: number },
): Promise<number | null> {
  const { rows } = await sql<{ waiting: number }>`
    select count(*)::int as waiting from (
      select from unnest(array(
        select q.sq from match_class c join subqueue q on q.class_id = c.class_id
        where c.org_id = ${orgId}
          and (${pool}::text is null or c.pool = ${pool})
          and (${model}::text is null or c.model = ${model})
      )) as s(sq) join ready r on r.sq = s.sq
      limit ${max + 1}
    ) waiting
  `.execute(db);
  const waiting = rows[0]?.waiting ?? 0;
  return waiting > max ? null : waiting;
}

export interface PoolLoad {
  readonly workers: number;
  readonly slots: number;
  readonly active: number;
}

/** Of the approved workers of a pool that were heard within `heardMs` and are not asked to go. */
export async function readPoolLoad(
  db: Executor,
  { orgId, pool, model, heardMs }: QueueFilter & { readonly heardMs: number },
): Promise<PoolLoad> {
  const { rows } = await sql<PoolLoad>`
    select count(*)::int as workers, coalesce(sum(s.max_concurrent), 0)::int as slots,
           coalesce(sum((select count(*) from lease l where l.worker_num = s.worker_num)), 0)::int as active
    from worker_session s join worker w on w.num = s.worker_num
    where s.org_id = ${orgId} and s.state = 'approved' and s.draining_at is null
      and s.last_seen_at > app_now() - ${heardMs} * interval '1 millisecond'
      and (${pool}::text is null or s.pool = ${pool})
      and (${model}::text is null or ${model} = '*' or ${model} = any(w.models_canonical))
  `.execute(db);
  return rows[0] ?? { workers: 0, slots: 0, active: 0 };
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
