import { type Executor, sql, type Statement } from '@sagewai/postgres';
import type { OrganizationId, ProjectId, RunId, RunState, WorkerId } from '@sagewai/wire';

import type { RetryPolicy } from './retry-policy.ts';

/** A run and where it is. */
export interface RunRow {
  readonly runId: RunId;
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId;
  readonly state: RunState;
  readonly pool: string;
  readonly model: string | null;
  readonly labels: Record<string, string>;
  /** As in the queue: lower goes first. */
  readonly prio: number;
  readonly maxAttempts: number;
  readonly deadline: Date | null;
  readonly attempt: number;
  readonly workerId: WorkerId | null;
  readonly workerName: string | null;
  readonly cancelRequested: boolean;
  readonly submittedBy: string;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly error: string | null;
  readonly errorClass: string | null;
  /** While it stands aside. */
  readonly scheduledFor: Date | null;
  readonly redriveOf: RunId | null;
  readonly parentRunId: RunId | null;
  readonly rootRunId: RunId | null;
  readonly depth: number;
  readonly onParentEnd: 'continue' | 'cancel' | null;
}

export interface RunDetail extends RunRow {
  readonly payload: unknown;
  readonly output: unknown;
  readonly timeoutMs: number | null;
  readonly retry: RetryPolicy | null;
}

// What a run is, derived from where it is: ended, else held, else queued.
const COLUMNS = sql`
  r.run_id as "runId", r.org_id as "orgId", r.project_id as "projectId",
  coalesce(o.status, case when l.run_id is not null then 'running'
                          when p.run_id is not null then 'waiting' else 'queued' end) as state,
  c.pool, r.model, c.labels, r.prio, r.max_attempts as "maxAttempts", r.deadline_at as deadline,
  coalesce(o.attempt, l.attempt, p.attempt + 1,
           (select max(a.attempt) from attempt a where a.run_id = r.run_id), 0) as attempt, w.id as "workerId", w.name as "workerName",
  (o.run_id is null and l.cancel_requested_at is not null) as "cancelRequested",
  r.submitted_by as "submittedBy", r.created_at as "createdAt", coalesce(o.started_at, l.claimed_at) as "startedAt",
  o.at as "finishedAt", o.error, o.error_class as "errorClass", s.due_at as "scheduledFor",
  r.redrive_of as "redriveOf", k.parent_run_id as "parentRunId", k.root_run_id as "rootRunId",
  coalesce(k.depth, 0) as depth, k.on_parent_end as "onParentEnd"
`;

const PLACES = sql`
  join subqueue q on q.sq = r.sq
  join match_class c on c.class_id = q.class_id
  left join outcome o on o.run_id = r.run_id
  left join lease l on l.run_id = r.run_id
  left join scheduled s on s.run_id = r.run_id
  left join waiting p on p.run_id = r.run_id
  left join run_child k on k.run_id = r.run_id
  left join worker w on w.num = coalesce(o.worker_num, l.worker_num)
`;

/** Null when the transaction's organization has no such run. */
export async function findRun(tx: Executor, runId: RunId): Promise<RunDetail | null> {
  const { rows } = await sql<RunDetail>`
    select ${COLUMNS}, r.payload, o.output, r.timeout_ms as "timeoutMs", r.retry from run r ${PLACES} where r.run_id = ${runId}
  `.execute(tx);
  return rows[0] ?? null;
}

/** Newest first; those of other organizations are not there. */
export async function findRuns(
  tx: Executor,
  runIds: readonly RunId[],
): Promise<(RunRow & { readonly output: unknown })[]> {
  const { rows } = await sql<RunRow & { output: unknown }>`
    select ${COLUMNS}, null as output from run r ${PLACES}
    where r.run_id = any (${runIds}::uuid[]) order by r.run_id desc
  `.execute(tx);
  return rows;
}

/** Null when the transaction's organization has no such run. */
export async function findProjectOf(tx: Executor, runId: RunId): Promise<ProjectId | null> {
  const { rows } = await sql<{ projectId: ProjectId }>`
    select project_id as "projectId" from run where run_id = ${runId}
  `.execute(tx);
  return rows[0]?.projectId ?? null;
}

export interface RunFilter {
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId | null;
  readonly state?: RunState | undefined;
  /** The last run of the page before. */
  readonly cursor?: RunId | undefined;
  readonly limit: number;
}

/** A page of runs, newest first. */
export async function listRuns(
  tx: Executor,
  filter: RunFilter,
): Promise<(RunRow & { readonly output: unknown })[]> {
  const { orgId, projectId, cursor, limit } = filter;
  const { rows } = await sql<RunRow & { output: unknown }>`
    with page as (
      select r.run_id from ${sourceOf(filter.state)}
      where r.org_id = ${orgId}
        and (${projectId}::uuid is null or r.project_id = ${projectId}::uuid)
        and (${cursor ?? null}::uuid is null or r.run_id < ${cursor ?? null}::uuid)
        and ${conditionOf(filter.state)}
      order by r.run_id desc limit ${limit}
    )
    select ${COLUMNS}, o.output
    from page join run r on r.run_id = page.run_id ${PLACES}
    order by r.run_id desc
  `.execute(tx);
  return rows;
}

/** From the table that is the state; the few that run and the few that failed are found by themselves. */
function sourceOf(state: RunState | undefined): Statement<unknown> {
  if (state === 'waiting') return sql`waiting p join run r on r.run_id = p.run_id`;
  if (state === 'running') return sql`lease l join run r on r.run_id = l.run_id`;
  if (state === 'failed' || state === 'cancelled' || state === 'completed') return sql`outcome r`;
  return sql`run r`;
}

function conditionOf(state: RunState | undefined): Statement<unknown> {
  switch (state) {
    case undefined:
    case 'running':
      return sql`true`;
    case 'waiting':
      return sql`true`;
    case 'queued':
      return sql`not exists (select from outcome o where o.run_id = r.run_id)
        and not exists (select from lease l where l.run_id = r.run_id)
        and not exists (select from waiting p where p.run_id = r.run_id)`;
    case 'failed':
    case 'cancelled':
      return sql`r.status <> 'completed' and r.status = ${state}`;
    case 'completed':
      return sql`r.status = 'completed'`;
  }
}

/** These runs, oldest first. */
export async function readRuns(
  tx: Executor,
  runIds: readonly RunId[],
): Promise<(RunRow & { readonly output: unknown })[]> {
  const { rows } = await sql<RunRow & { output: unknown }>`
    select ${COLUMNS}, o.output from run r ${PLACES}
    where r.run_id = any(${[...runIds]}::uuid[]) order by r.run_id
  `.execute(tx);
  return rows;
}

export interface SeenState {
  readonly runId: RunId;
  readonly projectId: ProjectId;
  readonly state: RunState;
}

/** Where a run is, without what it says; null when the transaction's organization has no such run. */
export async function findRunState(tx: Executor, runId: RunId): Promise<SeenState | null> {
  const [seen] = await readStates(tx, [runId]);
  return seen ?? null;
}

/** Where these runs are; unknown ones are left out. */
export async function readStates(tx: Executor, runIds: readonly RunId[]): Promise<SeenState[]> {
  const { rows } = await sql<SeenState>`
    select r.run_id as "runId", r.project_id as "projectId",
           coalesce(o.status, case when l.run_id is not null then 'running'
                                   when p.run_id is not null then 'waiting' else 'queued' end) as state
    from run r
    left join outcome o on o.run_id = r.run_id
    left join lease l on l.run_id = r.run_id
    left join waiting p on p.run_id = r.run_id
    where r.run_id = any(${[...runIds]}::uuid[])
  `.execute(tx);
  return rows;
}
