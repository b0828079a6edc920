import { type Executor, sql, type Statement, type Tx } from '@sagewai/postgres';
import type { OrganizationId, ProjectId, RunId } from '@sagewai/wire';

import type { RetryPolicy } from '../runs/retry-policy.ts';

export interface DeadLetterRow {
  readonly runId: RunId;
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId;
  readonly pool: string;
  readonly model: string;
  readonly cause: 'exhausted' | 'marked';
  readonly error: string | null;
  readonly errorClass: string;
  readonly attempts: number;
  readonly diedAt: Date;
  readonly redrivenBy: RunId | null;
  readonly discardedAt: Date | null;
}

export interface DeadLetterFilter {
  readonly projectId: ProjectId | null;
  readonly pool?: string | undefined;
  /** Canonical. */
  readonly model?: string | undefined;
  readonly errorClass?: string | undefined;
  readonly olderThanSeconds?: number | undefined;
}

const COLUMNS = sql`
  d.run_id as "runId", d.org_id as "orgId", d.project_id as "projectId", d.pool, d.model, d.cause, d.error,
  d.error_class as "errorClass", d.attempts, d.died_at as "diedAt", d.redriven_by as "redrivenBy",
  d.discarded_at as "discardedAt"
`;
const IS_OPEN = sql`d.redriven_by is null and d.discarded_at is null`;

function matches(filter: DeadLetterFilter): Statement<unknown> {
  return sql`
    (${filter.projectId}::uuid is null or d.project_id = ${filter.projectId}::uuid)
    and (${filter.pool ?? null}::text is null or d.pool = ${filter.pool ?? null}::text)
    and (${filter.model ?? null}::text is null or d.model = ${filter.model ?? null}::text)
    and (${filter.errorClass ?? null}::text is null or d.error_class = ${filter.errorClass ?? null}::text)
    and d.died_at <= app_now() - ${filter.olderThanSeconds ?? 0} * interval '1 second'
  `;
}

/** A page, newest first; without `all`, of those that nobody has dealt with. */
export async function listDeadLetters(
  tx: Executor,
  page: {
    readonly orgId: OrganizationId;
    readonly filter: DeadLetterFilter;
    readonly all: boolean;
    readonly cursor?: RunId | undefined;
    readonly limit: number;
  },
): Promise<DeadLetterRow[]> {
  const { orgId, filter, all, cursor = null, limit } = page;
  const { rows } = await sql<DeadLetterRow>`
    select ${COLUMNS} from dead_letter d
    where d.org_id = ${orgId} and ${all ? sql`true` : IS_OPEN} and ${matches(filter)}
      and (${cursor}::uuid is null or d.run_id < ${cursor}::uuid)
    order by d.run_id desc limit ${limit}
  `.execute(tx);
  return rows;
}

/** The ids of those that nobody has dealt with. */
export function openDeadLetters(
  orgId: OrganizationId,
  filter: DeadLetterFilter,
): Statement<unknown> {
  return sql`
    select d.run_id from dead_letter d where d.org_id = ${orgId} and ${IS_OPEN} and ${matches(filter)}
  `;
}

/** Null: the transaction's organization has no such dead letter. */
export async function findDeadLetter(tx: Executor, runId: RunId): Promise<DeadLetterRow | null> {
  const { rows } = await sql<DeadLetterRow>`
    select ${COLUMNS} from dead_letter d where d.run_id = ${runId}
  `.execute(tx);
  return rows[0] ?? null;
}

/** Returns those that nobody had dealt with. */
export async function discardDeadLetters(tx: Tx, runIds: readonly RunId[]): Promise<RunId[]> {
  const { rows } = await sql<{ runId: RunId }>`
    update dead_letter d set discarded_at = app_now()
    where d.run_id = any(${[...runIds]}::uuid[]) and ${IS_OPEN}
    returning d.run_id as "runId"
  `.execute(tx);
  return rows.map(({ runId }) => runId);
}

/** What a run was asked, to ask it again. */
export interface RepeatableRun {
  readonly runId: RunId;
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId;
  readonly sq: number;
  readonly prio: number;
  readonly model: string | null;
  readonly maxAttempts: number;
  readonly timeoutMs: number | null;
  readonly retry: RetryPolicy | null;
  /** As it is stored. */
  readonly payload: string;
}

/** Those that are dead and that nobody has dealt with; locked until the end of the transaction. */
export async function lockRepeatable(tx: Tx, runIds: readonly RunId[]): Promise<RepeatableRun[]> {
  const { rows } = await sql<RepeatableRun>`
    with d as materialized (
      select d.run_id from dead_letter d
      where d.run_id = any(${[...runIds]}::uuid[]) and ${IS_OPEN}
      order by d.run_id for update
    )
    select r.run_id as "runId", r.org_id as "orgId", r.project_id as "projectId",
           -- Whoever had it to themselves need not be there any more.
           (select open.sq from subqueue q join subqueue open on open.class_id = q.class_id
              and open.project_id = q.project_id and open.key_limit is not distinct from q.key_limit
            where q.sq = r.sq and open.worker_num is null) as sq, r.prio, r.model,
           r.max_attempts as "maxAttempts", r.timeout_ms as "timeoutMs", r.retry, r.payload::text as payload
    from d join run r on r.run_id = d.run_id
    -- What is of a project that goes begins nothing.
    join project p on p.id = r.project_id and p.deleting_at is null and p.deleted_at is null
    order by r.run_id
  `.execute(tx);
  return rows;
}
