import { type Executor, sql } from '@sagewai/postgres';
import type { OrganizationId, ProjectId, RunId, WorkerId } from '@sagewai/wire';

import type { Requirement } from '../matching/match-class.ts';
import type { PlacementFacts, WorkerFact } from '../placement/placement-facts.ts';
import type { Freshness } from '../workers/freshness.ts';
import { RAMP } from '../workers/versions.sql.ts';

/** Beyond it, runs that stand before one are not counted on. */
const AHEAD_MAX = 1_000;
const WORKERS_MAX = 10_000;

export type RunPlacement = Omit<PlacementFacts, 'workers' | 'bindings'> & {
  readonly sq: number;
};

type RunFacts = Omit<RunPlacement, 'requirement' | 'isAheadCounted'> &
  Omit<Requirement, 'model'> & { readonly model: string };

/** Where a run is and what it requires; null when the transaction's organization has no such run. */
export async function readPlacementFacts(tx: Executor, runId: RunId): Promise<RunPlacement | null> {
  const { rows } = await sql<RunFacts>`
    select coalesce(o.status, case when l.run_id is not null then 'running'
                                   when p.run_id is not null then 'waiting' else 'queued' end) as state,
           r.sq, r.project_id as "projectId", c.pool, c.model, c.labels, c.routing,
           q.worker_num as "workerNum", dw.name as "directedTo", rt.move_at as "directedUntil",
           rt.move_to is not null as "movesThen",
           s.due_at as "scheduledFor", wk.name as "workerName",
           l.cancel_requested_at is not null as "cancelRequested",
           exists (select from dead_letter d where d.run_id = r.run_id) as "isDeadLetter",
           case x.kind when 'approval' then 'somebody to approve it'
                       when 'signal' then 'the signal ' || coalesce(x.name, '')
                       when 'children' then 'its children' end as "waitsFor",
           (select count(*)::int from (
              select from ready b
              where here.seq is not null and b.sq = here.sq
                and (b.prio < here.prio or (b.prio = here.prio and b.seq < here.seq))
              limit ${AHEAD_MAX}
            ) before) as ahead
    from run r
    join subqueue q on q.sq = r.sq
    join match_class c on c.class_id = q.class_id
    left join outcome o on o.run_id = r.run_id
    left join lease l on l.run_id = r.run_id
    left join waiting p on p.run_id = r.run_id
    left join scheduled s on s.run_id = r.run_id
    left join worker wk on wk.num = l.worker_num
    left join worker dw on dw.num = q.worker_num
    left join run_route rt on rt.run_id = r.run_id
    left join run_wait x on x.run_id = r.run_id and x.resume is null
    left join lateral (
      select y.sq, y.prio, y.seq from ready y
      where y.sq = r.sq and y.prio = r.prio and y.run_id = r.run_id
        and o.run_id is null and l.run_id is null limit 1
    ) here on true
    where r.run_id = ${runId}
  `.execute(tx);
  const [row] = rows;
  if (row === undefined) return null;
  const { pool, model, labels, routing = null, ...facts } = row;
  const requirement = { pool, model, labels, routing };
  return { ...facts, requirement, isAheadCounted: facts.ahead < AHEAD_MAX };
}

/** The workers of an organization that may be given runs, or wait to be approved. */
export async function readWorkerFacts(
  tx: Executor,
  orgId: OrganizationId,
  { heardMs, probeStaleMs }: Freshness,
  only: WorkerId | null = null,
): Promise<WorkerFact[]> {
  // One that is named may be in any state.
  const which = only === null ? sql`w.state in ('approved', 'pending')` : sql`w.id = ${only}`;
  const { rows } = await sql<WorkerFact>`
    select w.id, w.num, w.name, w.state, w.project_id as "projectId", w.pool, w.models_canonical as models,
           coalesce(p.sick, '{}') as sick, w.labels, s.version, ${RAMP} as ramp,
           w.max_concurrent as max,
           (select count(*)::int from lease l where l.worker_num = w.num) as active,
           s.draining_at is not null as "isDraining",
           coalesce(s.last_seen_at > app_now() - ${heardMs} * interval '1 millisecond', false) as "isHeard"
    from worker w join worker_session s on s.worker_num = w.num
    left join worker_probe p on p.worker_id = w.id
      and p.probed_at > app_now() - ${probeStaleMs} * interval '1 millisecond'  -- P2
    left join pool_setting ps on ps.org_id = w.org_id and ps.pool = w.pool
    where w.org_id = ${orgId} and ${which}
    order by w.num desc limit ${WORKERS_MAX}
  `.execute(tx);
  return rows;
}

/** A subqueue in which runs wait. */
export interface WaitingQueue {
  readonly sq: number;
  readonly projectId: ProjectId;
  readonly requirement: Requirement;
  readonly workerNum: number | null;
  /** As far as they were counted. */
  readonly pending: number;
  readonly isCounted: boolean;
}

/** Of these subqueues, those of an organization in which runs wait. */
export async function readWaitingQueues(
  tx: Executor,
  orgId: OrganizationId,
  projectId: ProjectId | null,
): Promise<WaitingQueue[]> {
  const { rows } = await sql<Omit<WaitingQueue, 'requirement' | 'isCounted'> & Requirement>`
    select q.sq, q.project_id as "projectId", c.pool, c.model, c.labels, c.routing, q.worker_num as "workerNum", w.pending
    from subqueue q
    join match_class c on c.class_id = q.class_id
    cross join lateral (
      select count(*)::int as pending
      from (select from ready r where r.sq = q.sq limit ${AHEAD_MAX}) r
    ) w
    where q.org_id = ${orgId} and w.pending > 0
      and (${projectId}::uuid is null or q.project_id = ${projectId}::uuid)
    order by q.sq
  `.execute(tx);
  return rows.map(({ sq, projectId: project, workerNum, pending, ...requirement }) => ({
    sq,
    projectId: project,
    workerNum,
    requirement,
    pending,
    isCounted: pending < AHEAD_MAX,
  }));
}

/** Says which classes nobody can serve; returns those of which it was not known. */
export async function markUnmatchable(
  tx: Executor,
  orgId: OrganizationId,
  sqs: readonly number[],
): Promise<number[]> {
  const { rows } = await sql<{ sq: number }>`
    with cleared as (
      update subqueue set unmatchable_since = null
      where org_id = ${orgId} and unmatchable_since is not null
        and not (sq = any(${[...sqs]}::integer[]))
    )
    update subqueue set unmatchable_since = app_now()
    where org_id = ${orgId} and unmatchable_since is null and sq = any(${[...sqs]}::integer[])
    returning sq
  `.execute(tx);
  return rows.map(({ sq }) => sq);
}
