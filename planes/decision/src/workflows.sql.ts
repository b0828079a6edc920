import { type Executor, sql, type Tx } from '@sagewai/postgres';
import type { OrganizationId, ProjectId, RunId } from '@sagewai/wire';

import type { NamedRun, SaidWorkflow, WorkflowRow, WorkflowTeller } from './workflow.ts';

const COLUMNS = sql`
  w.id, w.project_id as "projectId", w.name, w.version, w.pool, w.input_schema as "inputSchema",
  w.registered_at as "registeredAt", w.seen_at as "seenAt"
`;

/** Whoever says the same version again may say another schema: the last one counts (W1). */
export async function upsertWorkflows(
  tx: Tx,
  { orgId, projectId, pool, version }: WorkflowTeller,
  workflows: readonly SaidWorkflow[],
): Promise<void> {
  await sql`
    insert into workflow (org_id, project_id, name, version, pool, input_schema)
    select ${orgId}, ${projectId}, said.name, ${version}, ${pool}, said.input_schema::json
    from unnest(${workflows.map(({ name }) => name)}::text[],
                ${workflows.map(({ inputSchema }) => inputSchema && JSON.stringify(inputSchema))}::text[])
      as said (name, input_schema)
    order by said.name
    on conflict on constraint a_version_of_a_workflow_is_registered_once
    do update set pool = excluded.pool, input_schema = excluded.input_schema, seen_at = app_now()
  `.execute(tx);
}

export async function countWorkflows(tx: Executor, orgId: OrganizationId): Promise<number> {
  const { rows } = await sql<{ count: bigint }>`
    select count(*) from workflow where org_id = ${orgId}
  `.execute(tx);
  return Number(rows[0]?.count ?? 0n);
}

/**
 * What runs of a project may be submitted to: its own and everybody's, or with null all of the organization. Of one
 * name the project's own come first, then the version that was registered last (W2).
 */
export async function listWorkflowRows(
  tx: Executor,
  of: { orgId: OrganizationId; projectId: ProjectId | null; name?: string },
): Promise<WorkflowRow[]> {
  const { orgId, projectId, name = null } = of;
  const { rows } = await sql<WorkflowRow>`
    select ${COLUMNS} from workflow w
    where w.org_id = ${orgId}
      and (${projectId}::uuid is null or w.project_id is null or w.project_id = ${projectId}::uuid)
      and (${name}::text is null or w.name = ${name}::text)
    order by w.name, w.project_id is null, w.project_id, w.registered_at desc, w.id
  `.execute(tx);
  return rows;
}

/** Where a list of workflows was read to. */
export interface WorkflowPlace {
  readonly name: string;
  readonly projectId: ProjectId | null;
}

/** A page of them, each in the version that was registered last: by name, a project's own before everybody's. */
export async function listNewestWorkflows(
  tx: Executor,
  of: {
    readonly orgId: OrganizationId;
    readonly projectId: ProjectId | null;
    readonly after: WorkflowPlace | null;
    readonly limit: number;
  },
): Promise<WorkflowRow[]> {
  const { orgId, projectId, after, limit } = of;
  const { rows } = await sql<WorkflowRow>`
    select distinct on (w.name, w.project_id is null, w.project_id) ${COLUMNS} from workflow w
    where w.org_id = ${orgId}
      and (${projectId}::uuid is null or w.project_id is null or w.project_id = ${projectId}::uuid)
      and (${after === null} or (w.name, w.project_id is null, coalesce(w.project_id, ${ZERO}))
           > (${after?.name ?? ''}, ${after?.projectId === null}, coalesce(${after?.projectId ?? null}::uuid, ${ZERO})))
    order by w.name, w.project_id is null, w.project_id, w.registered_at desc, w.id
    limit ${limit}
  `.execute(tx);
  return rows;
}

const ZERO = sql`'00000000-0000-0000-0000-000000000000'::uuid`;

/** What is said of a workflow, of one project's own or, with null, of all; what was submitted to it stays. */
export async function deleteWorkflows(
  tx: Tx,
  of: {
    readonly orgId: OrganizationId;
    readonly projectId: ProjectId | null;
    readonly name: string;
    readonly version: string | null;
  },
): Promise<number> {
  const { orgId, projectId, name, version } = of;
  const { rowCount } = await sql`
    delete from workflow w
    where w.org_id = ${orgId} and w.name = ${name}
      and (${projectId}::uuid is null or w.project_id = ${projectId}::uuid)
      and (${version}::text is null or w.version = ${version}::text)
  `.execute(tx);
  return rowCount;
}

/** The first names of those, without what they say of their input, which may be long. */
export async function listWorkflowNames(
  tx: Executor,
  of: {
    readonly orgId: OrganizationId;
    readonly projectId: ProjectId | null;
    readonly limit: number;
  },
): Promise<string[]> {
  const { orgId, projectId, limit } = of;
  const { rows } = await sql<{ name: string }>`
    select distinct w.name from workflow w
    where w.org_id = ${orgId}
      and (${projectId}::uuid is null or w.project_id is null or w.project_id = ${projectId}::uuid)
    order by w.name limit ${limit}
  `.execute(tx);
  return rows.map(({ name }) => name);
}

/** Before the run itself: a row whose run was never stored is nobody's (W3). */
export async function insertNamedRun(tx: Tx, named: NamedRun): Promise<void> {
  const { runId, orgId, projectId, name, version } = named;
  await sql`
    insert into workflow_run (run_id, org_id, project_id, name, version)
    values (${runId}, ${orgId}, ${projectId}, ${name}, ${version})
  `.execute(tx);
}

export async function deleteNamedRun(tx: Tx, runId: RunId): Promise<void> {
  await sql`delete from workflow_run where run_id = ${runId}`.execute(tx);
}

/** Of runs that are stored, newest first. */
export async function listNamedRuns(
  tx: Executor,
  of: {
    readonly orgId: OrganizationId;
    readonly projectId: ProjectId | null;
    readonly name: string;
    readonly before: RunId | null;
    readonly limit: number;
  },
): Promise<{ readonly runId: RunId; readonly version: string }[]> {
  const { orgId, projectId, name, before, limit } = of;
  const { rows } = await sql<{ runId: RunId; version: string }>`
    select n.run_id as "runId", n.version
    from workflow_run n join run r on r.run_id = n.run_id
    where n.org_id = ${orgId} and n.name = ${name}
      and (${projectId}::uuid is null or n.project_id = ${projectId}::uuid)
      and (${before}::uuid is null or n.run_id < ${before}::uuid)
    order by n.run_id desc limit ${limit}
  `.execute(tx);
  return rows;
}
