import { type Executor, sql, type Tx } from '@sagewai/postgres';
import type { OrganizationId, ProjectId } from '@sagewai/wire';

/** Makes the partitions of the days ahead; only the dispatch role may. */
export async function makePartitions(dispatch: Executor, daysAhead: number): Promise<number> {
  const { rows } = await sql<{ made: number }>`
    select fleet_make_partitions(${daysAhead}) as made
  `.execute(dispatch);
  return rows[0]?.made ?? 0;
}

/** `none`: no day is so old; `full`: too much of the oldest must be kept. */
export type DroppedDay =
  | { readonly kind: 'dropped'; readonly kept: number }
  | { readonly kind: 'none' }
  | { readonly kind: 'full' };

/** R1. Drops the oldest day that is too old, without what lives; only the dispatch role may. */
export async function dropDay(
  dispatch: Executor,
  { retentionMs, keepMax }: { readonly retentionMs: number; readonly keepMax: number },
): Promise<DroppedDay> {
  const { rows } = await sql<{ kept: number | null }>`
    select fleet_drop_day(app_now() - ${retentionMs} * interval '1 millisecond', ${keepMax}) as kept
  `.execute(dispatch);
  const kept = rows[0]?.kept ?? null;
  if (kept === null) return { kind: 'none' };
  return kept < 0 ? { kind: 'full' } : { kind: 'dropped', kept };
}

export interface DropRequest {
  readonly orgId: OrganizationId;
  /** Null: of the whole organization. */
  readonly projectId: ProjectId | null;
  readonly retentionMs: number;
  readonly limit: number;
}

/** R1. Removes some runs that ended so long ago, oldest first; only the dispatch role may. */
export async function dropRuns(dispatch: Executor, request: DropRequest): Promise<number> {
  const { orgId, projectId, retentionMs, limit } = request;
  const { rows } = await sql<{ dropped: number }>`
    select fleet_drop_runs(${orgId}, ${projectId}::uuid,
                           app_now() - ${retentionMs} * interval '1 millisecond', ${limit}) as dropped
  `.execute(dispatch);
  return rows[0]?.dropped ?? 0;
}

export interface ProjectRetention {
  readonly projectId: ProjectId;
  readonly orgId: OrganizationId;
  readonly project: string;
  readonly days: number;
}

/** What projects of the transaction's organizations have said. */
export async function listRetentions(tx: Executor): Promise<ProjectRetention[]> {
  const { rows } = await sql<ProjectRetention>`
    select t.project_id as "projectId", t.org_id as "orgId", p.name as project, t.days
    from project_retention t join project p on p.id = t.project_id order by p.name
  `.execute(tx);
  return rows;
}

/** Null days: as the server is configured. */
export async function setRetention(
  tx: Tx,
  of: {
    readonly orgId: OrganizationId;
    readonly projectId: ProjectId;
    readonly days: number | null;
  },
): Promise<void> {
  if (of.days === null) {
    await sql`delete from project_retention where project_id = ${of.projectId}`.execute(tx);
    return;
  }
  await sql`
    insert into project_retention (project_id, org_id, days)
    values (${of.projectId}, ${of.orgId}, ${of.days})
    on conflict (project_id) do update set days = excluded.days
  `.execute(tx);
}

/** Forgets idempotency keys of the transaction's organizations. */
export async function forgetKeys(tx: Executor, afterMs: number): Promise<void> {
  await sql`
    delete from run_key where created_at < app_now() - ${afterMs} * interval '1 millisecond'
  `.execute(tx);
}

/** Forgets what workers without epochs have lost. */
export async function forgetLost(db: Executor, afterMs: number): Promise<void> {
  await sql`
    delete from lost_run where lost_at < app_now() - ${afterMs} * interval '1 millisecond'
  `.execute(db);
}
