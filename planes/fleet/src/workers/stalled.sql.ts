import { type Executor, sql, type Tx } from '@sagewai/postgres';
import type { OrganizationId, ProjectId, RunId, WorkerId } from '@sagewai/wire';

/** A lease that has been held for longer than its run may be quiet. */
export interface QuietCandidate {
  readonly runId: RunId;
  readonly epoch: bigint;
  readonly orgId: OrganizationId;
  readonly patienceMs: number;
  readonly requeues: boolean;
}

/**
 * Of workers that were heard within `heardMs`: who is silent is another matter. From the leases, which are
 * few, and in the order of runs after `after`.
 */
export async function findQuietCandidates(
  dispatch: Executor,
  { heardMs, after, limit }: { heardMs: number; after: RunId | null; limit: number },
): Promise<QuietCandidate[]> {
  const { rows } = await sql<QuietCandidate>`
    select l.run_id as "runId", l.epoch, q.org_id as "orgId",
           coalesce(t.no_progress_ms, ps.no_progress_ms) as "patienceMs",
           coalesce(ps.requeues_stalled, false) as requeues
    from lease l
    join worker_session s on s.worker_num = l.worker_num
    join subqueue q on q.sq = l.sq
    join match_class c on c.class_id = q.class_id
    left join pool_setting ps on ps.org_id = q.org_id and ps.pool = c.pool
    left join run_timeout t on t.run_id = l.run_id
    where l.claimed_at
          < app_now() - coalesce(t.no_progress_ms, ps.no_progress_ms) * interval '1 millisecond'
      and s.session_epoch = l.session_epoch
      and s.last_seen_at > app_now() - ${heardMs} * interval '1 millisecond'
      and l.cancel_requested_at is null
      and (${after}::uuid is null or l.run_id > ${after}::uuid)
    order by l.run_id limit ${limit}
  `.execute(dispatch);
  return rows;
}

export interface Stalled {
  readonly runId: RunId;
  readonly epoch: bigint;
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId;
  readonly pool: string;
  readonly quietSince: Date;
  readonly quietMs: number;
  /** It was not told of yet. */
  readonly isNew: boolean;
}

/**
 * Those of the candidates that have really said nothing, and forgets what goes on again, so that it can be
 * found another time. Only what is said under the lease counts.
 */
export async function noteStalled(
  tx: Tx,
  candidates: readonly QuietCandidate[],
): Promise<Stalled[]> {
  const { rows } = await sql<Stalled>`
    with given as (
      select g.run_id, g.epoch, l.sq, l.worker_num, g.patience,
             greatest(l.claimed_at, case when h.epoch = l.epoch then h.last_at end) as quiet_since
      from unnest(${candidates.map(({ runId }) => runId)}::uuid[],
                  ${candidates.map(({ epoch }) => epoch)}::bigint[],
                  ${candidates.map(({ patienceMs }) => patienceMs)}::integer[])
        as g(run_id, epoch, patience)
      join lease l on l.run_id = g.run_id and l.epoch = g.epoch
      left join run_event_head h on h.run_id = g.run_id
    ), stalled as (
      select g.*, q.org_id, q.project_id, c.pool
      from given g join subqueue q on q.sq = g.sq join match_class c on c.class_id = q.class_id
      where g.quiet_since < app_now() - g.patience * interval '1 millisecond'
    ), over as (
      delete from stalled_run d
      where not exists (select from lease l where l.run_id = d.run_id and l.epoch = d.epoch)
         or exists (select from given g where g.run_id = d.run_id and g.epoch = d.epoch
                    and not exists (select from stalled x where x.run_id = g.run_id))
    ), noted as (
      insert into stalled_run (run_id, epoch, org_id, project_id, pool, worker_num, quiet_since, found_at)
      select run_id, epoch, org_id, project_id, pool, worker_num, quiet_since, app_now()
      from stalled order by run_id
      on conflict do nothing returning run_id
    )
    select x.run_id as "runId", x.epoch, x.org_id as "orgId", x.project_id as "projectId", x.pool,
           x.quiet_since as "quietSince",
           floor(extract(epoch from app_now() - x.quiet_since) * 1000)::float8 as "quietMs",
           exists (select from noted n where n.run_id = x.run_id) as "isNew"
    from stalled x order by x.run_id
  `.execute(tx);
  return rows;
}

export interface StalledRow {
  readonly runId: RunId;
  readonly projectId: ProjectId;
  readonly pool: string;
  readonly workerId: WorkerId;
  readonly workerName: string;
  readonly quietSince: Date;
  readonly foundAt: Date;
}

/** Those that have been found and are still so, the longest quiet first. */
export async function listStalled(
  tx: Executor,
  of: {
    readonly orgId: OrganizationId;
    readonly projectId: ProjectId | null;
    readonly limit: number;
  },
): Promise<StalledRow[]> {
  const { rows } = await sql<StalledRow>`
    select x.run_id as "runId", x.project_id as "projectId", x.pool, w.id as "workerId",
           w.name as "workerName", x.quiet_since as "quietSince", x.found_at as "foundAt"
    from stalled_run x
    join lease l on l.run_id = x.run_id and l.epoch = x.epoch
    join worker w on w.num = x.worker_num
    left join run_event_head h on h.run_id = x.run_id and h.epoch = x.epoch
    where x.org_id = ${of.orgId} and (h.last_at is null or h.last_at <= x.quiet_since)
      and (${of.projectId}::uuid is null or x.project_id = ${of.projectId}::uuid)
    order by x.quiet_since, x.run_id limit ${of.limit}
  `.execute(tx);
  return rows;
}

export interface ProgressSetting {
  /** Null: nobody looks. */
  readonly noProgressMs: number | null;
  readonly requeues: boolean;
}

export async function setProgress(
  tx: Tx,
  { orgId, pool }: { readonly orgId: OrganizationId; readonly pool: string },
  { noProgressMs, requeues }: ProgressSetting,
): Promise<void> {
  await sql`
    insert into pool_setting (org_id, pool, no_progress_ms, requeues_stalled)
    values (${orgId}, ${pool}, ${noProgressMs}, ${requeues})
    on conflict (org_id, pool) do update set no_progress_ms = excluded.no_progress_ms,
                                             requeues_stalled = excluded.requeues_stalled
  `.execute(tx);
}
