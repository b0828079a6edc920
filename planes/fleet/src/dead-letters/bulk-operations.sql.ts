import { type Executor, sql, type Statement, type Tx } from '@sagewai/postgres';
import type { OrganizationId, ProjectId, RunId } from '@sagewai/wire';

export type BulkKind = 'cancel' | 'redrive' | 'discard';

export interface BulkOperation {
  readonly id: string;
  readonly orgId: OrganizationId;
  readonly kind: BulkKind;
  readonly actor: string;
  readonly total: number;
  readonly done: number;
  readonly skipped: number;
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
}

const COLUMNS = sql`
  o.id, o.org_id as "orgId", o.kind, o.actor, o.total, o.done, o.skipped, o.created_at as "createdAt",
  o.finished_at as "finishedAt"
`;

export interface LivingFilter {
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId | null;
  readonly state?: 'queued' | 'scheduled' | 'running' | 'waiting' | undefined;
  readonly pool?: string | undefined;
  /** Canonical. */
  readonly model?: string | undefined;
  readonly olderThanSeconds?: number | undefined;
}

/** The ids of runs that are not over, from where they are. */
export function livingRuns(filter: LivingFilter): Statement<unknown> {
  const { orgId, projectId, state, pool = null, model = null } = filter;
  const places = [
    ...(state === undefined || state === 'queued' ? [sql`select run_id, sq from ready`] : []),
    ...(state === undefined || state === 'scheduled'
      ? [sql`select run_id, sq from scheduled`]
      : []),
    ...(state === undefined || state === 'running' ? [sql`select run_id, sq from lease`] : []),
    ...(state === undefined || state === 'waiting' ? [sql`select run_id, sq from waiting`] : []),
  ];
  const union = places.reduce((all, one) => sql`${all} union all ${one}`);
  return sql`
    select place.run_id from (${union}) place
    where place.sq = any(array(
        select q.sq from subqueue q join match_class c on c.class_id = q.class_id
        where q.org_id = ${orgId}
          and (${projectId}::uuid is null or q.project_id = ${projectId}::uuid)
          and (${pool}::text is null or c.pool = ${pool}::text)
          and (${model}::text is null or c.model = ${model}::text)))
      and place.run_id <= uuid_at(app_now() - ${filter.olderThanSeconds ?? -1} * interval '1 second')
  `;
}

export interface Preview {
  readonly count: number;
  readonly sample: RunId[];
}

export async function previewRuns(
  tx: Executor,
  runs: Statement<unknown>,
  limits: { readonly count: number; readonly sample: number },
): Promise<Preview> {
  const { rows } = await sql<{ count: number; sample: RunId[] }>`
    with found as materialized (select f.run_id from (${runs}) f limit ${limits.count})
    select (select count(*)::int from found) as count,
           array(select f.run_id from found f order by f.run_id desc limit ${limits.sample}) as sample
  `.execute(tx);
  return rows[0] ?? { count: 0, sample: [] };
}

/** Writes down what it is about, at most `max`, and lets the job begin. Returns how many there are. */
export async function beginOperation(
  tx: Tx,
  operation: {
    readonly id: string;
    readonly orgId: OrganizationId;
    readonly kind: BulkKind;
    readonly filter: unknown;
    readonly actor: string;
    readonly runs: Statement<unknown>;
    readonly max: number;
  },
): Promise<number> {
  const { id, orgId, kind, filter, actor, runs, max } = operation;
  await sql`
    insert into bulk_operation (id, org_id, kind, filter, actor, total, created_at)
    values (${id}, ${orgId}, ${kind}, ${JSON.stringify(filter)}::jsonb, ${actor}, 0, app_now())
  `.execute(tx);
  const { rowCount } = await sql`
    insert into bulk_item (operation_id, run_id, org_id)
    select ${id}, f.run_id, ${orgId} from (${runs}) f limit ${max}
  `.execute(tx);
  await sql`update bulk_operation set total = ${rowCount} where id = ${id}`.execute(tx);
  await sql`insert into bulk_due (id, org_id) values (${id}, ${orgId})`.execute(tx);
  return rowCount;
}

export async function findOperation(tx: Executor, id: string): Promise<BulkOperation | null> {
  const { rows } = await sql<BulkOperation>`
    select ${COLUMNS} from bulk_operation o where o.id = ${id}
  `.execute(tx);
  return rows[0] ?? null;
}

/** Operations that are not done; the dispatch role sees those of all organizations. */
export async function listDue(
  dispatch: Executor,
  limit: number,
): Promise<{ readonly id: string; readonly orgId: OrganizationId }[]> {
  const { rows } = await sql<{ id: string; orgId: OrganizationId }>`
    select id, org_id as "orgId" from bulk_due order by id limit ${limit}
  `.execute(dispatch);
  return rows;
}

/** Takes the next of it, in the order of runs; null: another replica is at it. An empty list: none is left. */
export async function takeItems(
  tx: Tx,
  id: string,
  limit: number,
): Promise<{ readonly operation: BulkOperation; readonly runIds: RunId[] } | null> {
  const { rows } = await sql<BulkOperation>`
    select ${COLUMNS} from bulk_operation o where o.id = ${id} for update skip locked
  `.execute(tx);
  const [operation] = rows;
  if (operation === undefined) return null;
  const taken = await sql<{ runId: RunId }>`
    delete from bulk_item i where (i.operation_id, i.run_id) in (
      select n.operation_id, n.run_id from bulk_item n where n.operation_id = ${id}
      order by n.run_id limit ${limit})
    returning i.run_id as "runId"
  `.execute(tx);
  return { operation, runIds: taken.rows.map(({ runId }) => runId).toSorted() };
}

export async function advanceOperation(
  tx: Tx,
  id: string,
  by: { readonly done: number; readonly skipped: number },
): Promise<void> {
  await sql`
    update bulk_operation set done = done + ${by.done}, skipped = skipped + ${by.skipped} where id = ${id}
  `.execute(tx);
}

export async function finishOperation(tx: Tx, id: string): Promise<void> {
  await sql`update bulk_operation set finished_at = app_now() where id = ${id}`.execute(tx);
  await sql`delete from bulk_due where id = ${id}`.execute(tx);
}
