import { sql, type Tx } from '@sagewai/postgres';
import type { OrganizationId, ProjectId, RunId } from '@sagewai/wire';

export interface RunEnd {
  readonly runId: RunId;
  readonly projectId: ProjectId;
  readonly status: 'completed' | 'failed' | 'cancelled';
}

/** How those of the runs have ended that have. */
export async function readEnds(tx: Tx, runIds: readonly string[]): Promise<RunEnd[]> {
  if (runIds.length === 0) return [];
  const { rows } = await sql<RunEnd>`
    select run_id as "runId", project_id as "projectId", status from outcome
    where run_id = any(${[...runIds]}::uuid[])
  `.execute(tx);
  return rows;
}

/** Of an entry that names the first and the last of its runs alone: all ends between, of a while before it. */
export async function readEndsBetween(
  tx: Tx,
  of: {
    readonly orgId: OrganizationId;
    readonly first: string;
    readonly last: string;
    readonly at: string;
  },
): Promise<RunEnd[]> {
  const { rows } = await sql<RunEnd>`
    select run_id as "runId", project_id as "projectId", status from outcome
    where org_id = ${of.orgId} and run_id between ${of.first}::uuid and ${of.last}::uuid
      and at between ${of.at}::timestamptz - interval '1 hour' and ${of.at}::timestamptz + interval '1 hour'
  `.execute(tx);
  return rows;
}

export async function readProjects(
  tx: Tx,
  runIds: readonly string[],
): Promise<{ readonly runId: RunId; readonly projectId: ProjectId }[]> {
  if (runIds.length === 0) return [];
  const { rows } = await sql<{ runId: RunId; projectId: ProjectId }>`
    select run_id as "runId", project_id as "projectId" from run where run_id = any(${[...runIds]}::uuid[])
  `.execute(tx);
  return rows;
}
