import { type Executor, sql, type Tx } from '@sagewai/postgres';
import type { AnomalyKind, OrganizationId, WorkerId } from '@sagewai/wire';

import type { CountedKind, Suspect, ThresholdSetting } from './anomaly.ts';

export interface ActivityCount {
  readonly workerNum: number;
  readonly kind: CountedKind;
  readonly count: number;
}

/** Adds counts of one replica to those of the others (A2). */
export async function addActivity(db: Executor, counts: readonly ActivityCount[]): Promise<void> {
  await sql`
    insert into worker_activity as a (worker_num, kind, slot_at, count)
    select g.worker_num, g.kind, date_bin('10 seconds', app_now(), 'epoch'), g.count
    from unnest(
      ${counts.map(({ workerNum }) => workerNum)}::integer[],
      ${counts.map(({ kind }) => kind)}::text[],
      ${counts.map(({ count }) => count)}::integer[]
    ) as g(worker_num, kind, count)
    order by g.worker_num, g.kind
    on conflict (worker_num, kind, slot_at) do update set count = a.count + excluded.count
  `.execute(db);
}

export async function forgetActivity(db: Executor, keptMs: number): Promise<void> {
  await sql`
    delete from worker_activity where slot_at < app_now() - ${keptMs} * interval '1 millisecond'
  `.execute(db);
}

/**
 * Approved workers that were counted, that hold more than they take at once, or that have newly been silent
 * for longer than `silentMs`. Silence before `up_since` is the server's own (A5).
 */
export async function readSuspects(db: Executor, silentMs: number): Promise<Suspect[]> {
  const { rows } = await sql<Suspect>`
    with counted as (
      select a.worker_num, a.kind, sum(a.count)::bigint as observed
      from worker_activity a
      where a.slot_at > app_now() - case when a.kind = 'rate_limit' then interval '1 minute' else interval '1 hour' end
      group by a.worker_num, a.kind
      union all
      select l.worker_num, 'rate_limit', count(*) - s.max_concurrent
      from lease l join worker_session s on s.worker_num = l.worker_num
      group by l.worker_num, s.max_concurrent
      having count(*) > s.max_concurrent
    )
    select s.org_id as "orgId", s.worker_id as "workerId", s.worker_num as "workerNum", s.pool, c.kind,
           sum(c.observed)::float8 as observed
    from counted c join worker_session s on s.worker_num = c.worker_num
    where s.state = 'approved'
    group by s.worker_num, c.kind
    union all
    select s.org_id, s.worker_id, s.worker_num, s.pool, 'heartbeat_timeout',
           floor(extract(epoch from app_now() - greatest(s.last_seen_at, p.up_since)))::float8
    from worker_session s cross join fleet_pulse p
    where s.state = 'approved' and s.draining_at is null
      and greatest(s.last_seen_at, p.up_since) < app_now() - ${silentMs} * interval '1 millisecond'
      and (s.silence_told_at is null or s.silence_told_at < s.last_seen_at)
  `.execute(db);
  return rows;
}

/** The silence that goes on now has been told (A5). */
export async function noteSilenceTold(db: Executor, workerNum: number): Promise<void> {
  await sql`
    update worker_session set silence_told_at = app_now() where worker_num = ${workerNum}
  `.execute(db);
}

/** `raised`: it is new. `kinds`: how many different ones are open in the window. */
export async function raiseAnomaly(
  tx: Tx,
  anomaly: {
    readonly id: string;
    readonly workerId: WorkerId;
    readonly kind: AnomalyKind;
    readonly observed: number;
    readonly allowed: number;
    readonly windowMs: number;
  },
): Promise<{ raised: boolean; kinds: number }> {
  const { id, workerId, kind, observed, allowed, windowMs } = anomaly;
  const { rows } = await sql<{ raised: boolean; kinds: number }>`
    select raised, kinds from fleet_raise_anomaly(
      ${id}, ${workerId}, ${kind}, ${Math.round(observed)}, ${allowed}, ${windowMs})
  `.execute(tx);
  return rows[0] ?? { raised: false, kinds: 0 };
}

export async function markRevoked(tx: Tx, id: string): Promise<void> {
  await sql`update worker_anomaly set revoked = true where id = ${id}`.execute(tx);
}

/** Clears what is open, and counts anew. Null: there is no such worker here. */
export async function clearAnomalies(
  tx: Tx,
  { workerId, by }: { readonly workerId: WorkerId; readonly by: string },
): Promise<number | null> {
  const { rows } = await sql<{ num: number }>`
    select num from worker where id = ${workerId} for update
  `.execute(tx);
  const [worker] = rows;
  if (worker === undefined) return null;
  await sql`delete from worker_activity where worker_num = ${worker.num}`.execute(tx);
  const { rowCount } = await sql`
    update worker_anomaly set cleared_at = app_now(), cleared_by = ${by}
    where worker_id = ${workerId} and cleared_at is null
  `.execute(tx);
  return rowCount;
}

export interface AnomalyRow {
  readonly id: string;
  readonly workerId: WorkerId;
  readonly kind: AnomalyKind;
  readonly pool: string;
  readonly observed: number;
  readonly allowed: number;
  readonly raisedAt: Date;
  readonly revoked: boolean;
  readonly clearedAt: Date | null;
  readonly clearedBy: string | null;
}

export interface AnomalyFilter {
  readonly orgId: OrganizationId;
  readonly workerId: string | null;
  readonly kind: string | null;
  readonly open: boolean | null;
  readonly limit: number;
}

export async function listAnomalies(tx: Executor, filter: AnomalyFilter): Promise<AnomalyRow[]> {
  const { orgId, workerId, kind, open, limit } = filter;
  const { rows } = await sql<AnomalyRow>`
    select id, worker_id as "workerId", kind, pool, observed::float8 as observed,
           allowed::float8 as allowed, raised_at as "raisedAt", revoked, cleared_at as "clearedAt",
           cleared_by as "clearedBy"
    from worker_anomaly
    where org_id = ${orgId}
      and (${workerId}::uuid is null or worker_id = ${workerId}::uuid)
      and (${kind}::text is null or kind = ${kind}::text)
      and (${open}::boolean is null or (cleared_at is null) = ${open}::boolean)
    order by raised_at desc, id limit ${limit}
  `.execute(tx);
  return rows;
}

const SETTING = sql`
  org_id as "orgId", nullif(pool, '') as pool, claims_per_minute as "claimsPerMinute",
  failures_per_hour as "failuresPerHour", silence_seconds as "silenceSeconds",
  mismatches_per_hour as "mismatchesPerHour", window_seconds as "windowSeconds",
  kinds_to_revoke as "kindsToRevoke"
`;

export type OwnedSetting = ThresholdSetting & { readonly orgId: OrganizationId };

/** Of the organizations that the transaction acts for. */
export async function readThresholds(tx: Executor): Promise<OwnedSetting[]> {
  const { rows } = await sql<OwnedSetting>`
    select ${SETTING} from anomaly_setting where org_id = any(visible_orgs()) order by org_id, pool
  `.execute(tx);
  return rows;
}

export async function setThresholds(tx: Tx, of: OwnedSetting): Promise<void> {
  await sql`
    insert into anomaly_setting (org_id, pool, claims_per_minute, failures_per_hour, silence_seconds,
                                 mismatches_per_hour, window_seconds, kinds_to_revoke)
    values (${of.orgId}, ${of.pool ?? ''}, ${of.claimsPerMinute}, ${of.failuresPerHour},
            ${of.silenceSeconds}, ${of.mismatchesPerHour}, ${of.windowSeconds}, ${of.kindsToRevoke})
    on conflict (org_id, pool) do update set
      claims_per_minute = excluded.claims_per_minute, failures_per_hour = excluded.failures_per_hour,
      silence_seconds = excluded.silence_seconds,
      mismatches_per_hour = excluded.mismatches_per_hour, window_seconds = excluded.window_seconds,
      kinds_to_revoke = excluded.kinds_to_revoke
  `.execute(tx);
}
