import { type Executor, sql, type Statement, type Tx } from '@sagewai/postgres';
import type { OrganizationId, ProjectId, RunId } from '@sagewai/wire';

export interface ProjectDeletion {
  readonly projectId: ProjectId;
  readonly orgId: OrganizationId;
  readonly project: string;
  readonly requestedBy: string;
  readonly requestedAt: Date;
  readonly dueAt: Date;
  readonly isDue: boolean;
  readonly state: 'waiting' | 'deleting' | 'deleted';
  /** Rows by table. */
  readonly deleted: Readonly<Record<string, number>>;
  readonly objects: number;
  readonly waitsFor: string | null;
  readonly finishedAt: Date | null;
  readonly certificate: string | null;
  readonly signature: string | null;
}

const COLUMNS = sql`
  project_id as "projectId", org_id as "orgId", project_name as project, requested_by as "requestedBy",
  requested_at as "requestedAt", due_at as "dueAt", due_at <= app_now() as "isDue", state, deleted,
  objects::int as objects, waits_for as "waitsFor", finished_at as "finishedAt", certificate, signature
`;

/** The project is out of reach as this commits; look-ups that were remembered end within a second. */
export async function beginDeletion(
  tx: Tx,
  of: {
    readonly orgId: OrganizationId;
    readonly projectId: ProjectId;
    readonly project: string;
    readonly by: string;
    readonly graceMs: number;
  },
): Promise<void> {
  await sql`update project set deleting_at = app_now() where id = ${of.projectId}`.execute(tx);
  await sql`
    insert into project_deletion (project_id, org_id, project_name, requested_by, due_at)
    values (${of.projectId}, ${of.orgId}, ${of.project}, ${of.by},
            app_now() + make_interval(secs => ${of.graceMs}::double precision / 1000))
  `.execute(tx);
  await sql`
    insert into project_deletion_due (project_id, org_id, due_at) values (${of.projectId}, ${of.orgId}, app_now())
  `.execute(tx);
  await park(tx, of);
}

/** P3. Takes away what reaches it. */
export async function park(
  tx: Tx,
  of: { readonly orgId: OrganizationId; readonly projectId: ProjectId },
): Promise<void> {
  await sql`select project_park(${of.orgId}, ${of.projectId})`.execute(tx);
}

/** False: it is too late. */
export async function takeBack(
  tx: Tx,
  of: { readonly orgId: OrganizationId; readonly projectId: ProjectId },
): Promise<boolean> {
  const { rowCount } = await sql`
    delete from project_deletion where project_id = ${of.projectId} and state = 'waiting'
  `.execute(tx);
  if (rowCount === 0) return false;
  await sql`update project set deleting_at = null where id = ${of.projectId}`.execute(tx);
  await sql`select project_unpark(${of.orgId}, ${of.projectId})`.execute(tx);
  await sql`delete from project_deletion_due where project_id = ${of.projectId}`.execute(tx);
  return true;
}

/** The newest of this name or id; null: there is none. */
export async function findDeletion(
  tx: Executor,
  orgId: OrganizationId,
  nameOrId: string,
): Promise<ProjectDeletion | null> {
  const { rows } = await sql<ProjectDeletion>`
    select ${COLUMNS} from project_deletion
    where org_id = ${orgId} and (project_id::text = lower(${nameOrId}) or lower(project_name) = lower(${nameOrId}))
    order by requested_at desc limit 1
  `.execute(tx);
  return rows[0] ?? null;
}

export async function listDeletions(
  tx: Executor,
  orgId: OrganizationId,
  limit: number,
): Promise<ProjectDeletion[]> {
  const { rows } = await sql<ProjectDeletion>`
    select ${COLUMNS} from project_deletion where org_id = ${orgId} order by requested_at desc limit ${limit}
  `.execute(tx);
  return rows;
}

/** In how many ms a deletion has something to do. */
export const deletionDue = (): Statement<unknown> => sql`
  select extract(epoch from min(due_at) - app_now()) * 1000 from project_deletion_due
`;

export async function listDueDeletions(
  dispatch: Executor,
): Promise<{ readonly orgId: OrganizationId; readonly projectId: ProjectId }[]> {
  const { rows } = await sql<{ orgId: OrganizationId; projectId: ProjectId }>`
    select org_id as "orgId", project_id as "projectId" from project_deletion_due
    where due_at <= app_now() order by due_at limit 20
  `.execute(dispatch);
  return rows;
}

/**
 * The deletion, which from its due time on cannot be taken back, nor before the transaction ends: what that
 * takes away would not come back (P3). Null: it was taken back, or has ended.
 */
export async function startDeleting(tx: Tx, projectId: ProjectId): Promise<ProjectDeletion | null> {
  await sql`
    update project_deletion set state = 'deleting'
    where project_id = ${projectId} and state = 'waiting' and due_at <= app_now()
  `.execute(tx);
  const { rows } = await sql<ProjectDeletion>`
    select ${COLUMNS} from project_deletion where project_id = ${projectId} and state <> 'deleted' for update
  `.execute(tx);
  return rows[0] ?? null;
}

/** P3. Whether it goes on; if so it is not taken back before the transaction ends. */
export async function holdDeletion(tx: Tx, projectId: ProjectId): Promise<boolean> {
  const { rowCount } = await sql`
    select from project_deletion where project_id = ${projectId} and state <> 'deleted' for share
  `.execute(tx);
  return rowCount > 0;
}

/** Looked at again when it is due, or after so long. */
export async function putOff(
  tx: Tx,
  of: { readonly projectId: ProjectId; readonly waitsFor: string | null; readonly retryMs: number },
): Promise<void> {
  await sql`
    update project_deletion set waits_for = ${of.waitsFor} where project_id = ${of.projectId}
  `.execute(tx);
  await sql`
    update project_deletion_due u
    set due_at = greatest(d.due_at, app_now() + make_interval(secs => ${of.retryMs}::double precision / 1000))
    from project_deletion d where d.project_id = u.project_id and u.project_id = ${of.projectId}
  `.execute(tx);
}

/** Some of its runs, the oldest first. */
export async function nextRuns(
  tx: Executor,
  of: { readonly orgId: OrganizationId; readonly projectId: ProjectId; readonly limit: number },
): Promise<RunId[]> {
  const { rows } = await sql<{ id: RunId }>`
    select run_id as id from run where org_id = ${of.orgId} and project_id = ${of.projectId}
    order by run_id limit ${of.limit}
  `.execute(tx);
  return rows.map(({ id }) => id);
}

/** Artifacts of the project, by their ids; null: from the first one on. */
export async function nextArtifacts(
  tx: Executor,
  of: {
    readonly orgId: OrganizationId;
    readonly projectId: ProjectId;
    readonly after: string | null;
    readonly limit: number;
  },
): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from artifact
    where org_id = ${of.orgId} and project_id = ${of.projectId}
      and (${of.after}::uuid is null or id > ${of.after}::uuid)
    order by id limit ${of.limit}
  `.execute(tx);
  return rows.map(({ id }) => id);
}

/** P2. False: nothing was left to delete. */
export async function purgeSome(
  tx: Tx,
  of: { readonly projectId: ProjectId; readonly runIds: readonly RunId[]; readonly limit: number },
): Promise<boolean> {
  const { rows } = await sql`
    select name from project_purge(${of.projectId}, ${[...of.runIds]}::uuid[], ${of.limit})
  `.execute(tx);
  return rows.length > 0;
}

export async function countObjects(tx: Tx, projectId: ProjectId, count: number): Promise<void> {
  await sql`
    update project_deletion set objects = objects + ${count} where project_id = ${projectId}
  `.execute(tx);
}

export interface LeftPart {
  readonly name: string;
  readonly how: 'run' | 'rows' | 'awaited' | 'kept';
  /** Of what is kept: why. */
  readonly which: string;
  readonly count: number;
}

/** P4. What still stands of it; of what is kept, how much that is. */
export async function readLeft(
  tx: Executor,
  of: { readonly orgId: OrganizationId; readonly projectId: ProjectId },
  how: readonly LeftPart['how'][],
): Promise<LeftPart[]> {
  const { rows } = await sql<LeftPart>`
    select name, how, which, count::int as count from project_left(${of.orgId}, ${of.projectId}, ${[...how]}::text[])
  `.execute(tx);
  return rows;
}

/** The project is nothing but an id. */
export async function endDeletion(
  tx: Tx,
  of: {
    readonly projectId: ProjectId;
    readonly certificate: string;
    readonly signature: string;
    readonly finishedAt: Date;
  },
): Promise<void> {
  await sql`
    update project_deletion
    set state = 'deleted', certificate = ${of.certificate}, signature = ${of.signature},
        finished_at = ${of.finishedAt}, waits_for = null
    where project_id = ${of.projectId}
  `.execute(tx);
  await sql`
    update project set name = 'deleted ' || id, deleted_at = app_now() where id = ${of.projectId}
  `.execute(tx);
  await sql`delete from project_deletion_due where project_id = ${of.projectId}`.execute(tx);
}

export async function readNow(tx: Executor): Promise<Date> {
  const { rows } = await sql<{ now: Date }>`select app_now() as now`.execute(tx);
  const [row] = rows;
  if (row === undefined) throw new Error('the database did not tell the time');
  return row.now;
}

/** One that is still good at the proxy that made it. */
export async function hasMadeCredential(tx: Executor, projectId: ProjectId): Promise<boolean> {
  const { rows } = await sql<{ some: boolean }>`
    select exists (select from project_credential where project_id = ${projectId} and is_made) as some
  `.execute(tx);
  return rows[0]?.some === true;
}
