import { type Executor, sql, type Tx } from '@sagewai/postgres';
import type { OrganizationId, ProjectId } from '@sagewai/wire';

import type { Manifest, Rate, Tool } from './tool.ts';

const COLUMNS = sql<Tool>`
  id, project_id as "projectId", name, kind, version, manifest, digest, sealed_credential as "sealedCredential",
  enabled, created_by as "createdBy", created_at as "createdAt", updated_by as "updatedBy", updated_at as "updatedAt"
`;

/** Of a project with those of all projects; of every project where none is said. */
export async function listToolsOf(
  tx: Executor,
  { orgId, projectId }: { readonly orgId: OrganizationId; readonly projectId: ProjectId | null },
): Promise<Tool[]> {
  const { rows } = await sql<Tool>`
    select ${COLUMNS} from tool
    where org_id = ${orgId} and (${projectId}::uuid is null or project_id is null or project_id = ${projectId}::uuid)
    order by name, project_id nulls first
  `.execute(tx);
  return rows;
}

/** By its name as a project sees it: its own goes before that of all projects. */
export async function findToolNamed(
  tx: Executor,
  of: {
    readonly orgId: OrganizationId;
    readonly projectId: ProjectId | null;
    readonly name: string;
  },
): Promise<Tool | null> {
  const { rows } = await sql<Tool>`
    select ${COLUMNS} from action_find_tool(${of.orgId}, ${of.projectId}::uuid, ${of.name})
  `.execute(tx);
  return rows[0] ?? null;
}

export async function findToolById(
  tx: Executor,
  orgId: OrganizationId,
  id: string,
): Promise<Tool | null> {
  const { rows } = await sql<Tool>`
    select ${COLUMNS} from tool where org_id = ${orgId} and id = ${id}
  `.execute(tx);
  return rows[0] ?? null;
}

export async function countTools(tx: Executor, orgId: OrganizationId): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::integer as n from tool where org_id = ${orgId}
  `.execute(tx);
  return rows[0]?.n ?? 0;
}

type NewTool = Pick<
  Tool,
  'id' | 'projectId' | 'name' | 'kind' | 'digest' | 'sealedCredential' | 'enabled' | 'createdBy'
> & { readonly manifest: Manifest };

/** Null: its name is taken. */
export async function insertTool(tx: Tx, orgId: OrganizationId, of: NewTool): Promise<Tool | null> {
  const { rows } = await sql<Tool>`
    insert into tool (org_id, id, project_id, name, kind, manifest, digest, sealed_credential, enabled, created_by)
    values (${orgId}, ${of.id}, ${of.projectId}::uuid, ${of.name}, ${of.kind}, ${JSON.stringify(of.manifest)}::jsonb,
            ${of.digest}, ${of.sealedCredential}::text, ${of.enabled}, ${of.createdBy})
    on conflict do nothing returning ${COLUMNS}
  `.execute(tx);
  const [row] = rows;
  if (row !== undefined) await putToolRate(tx, orgId, row);
  return row ?? null;
}

export async function replaceTool(
  tx: Tx,
  orgId: OrganizationId,
  of: {
    readonly id: string;
    readonly manifest: Manifest;
    readonly digest: string;
    readonly sealedCredential: string | null;
    readonly enabled: boolean;
    readonly by: string;
  },
): Promise<Tool | null> {
  const { rows } = await sql<Tool>`
    update tool set manifest = ${JSON.stringify(of.manifest)}::jsonb, digest = ${of.digest}, version = version + 1,
      sealed_credential = ${of.sealedCredential}::text, enabled = ${of.enabled}, updated_by = ${of.by},
      updated_at = app_now()
    where org_id = ${orgId} and id = ${of.id} returning ${COLUMNS}
  `.execute(tx);
  const [row] = rows;
  if (row !== undefined) await putToolRate(tx, orgId, row);
  return row ?? null;
}

export async function deleteToolOf(tx: Tx, orgId: OrganizationId, id: string): Promise<void> {
  await sql`delete from tool_rate where org_id = ${orgId} and scope = ${toolScope(id)}`.execute(tx);
  await sql`delete from tool where org_id = ${orgId} and id = ${id}`.execute(tx);
}

/** Locks what is about to be changed: two changes are one after the other. */
export async function lockTool(tx: Tx, orgId: OrganizationId, id: string): Promise<void> {
  await sql`select from tool where org_id = ${orgId} and id = ${id} for update`.execute(tx);
}

function putToolRate(
  tx: Tx,
  orgId: OrganizationId,
  { id, projectId, manifest }: Tool,
): Promise<void> {
  return putRate(tx, orgId, { scope: toolScope(id), projectId, rate: manifest.rate });
}

export const toolScope = (id: string): string => `tool:${id}`;
export const projectScope = (projectId: ProjectId): string => `project:${projectId}`;
/** What a project limits itself to, beside what the organization lets it have. */
export const ownScope = (projectId: ProjectId): string => `${projectScope(projectId)}:own`;
export const ORGANIZATION_SCOPE = 'organization';

/** What was used of its window stays used. */
export async function putRate(
  tx: Tx,
  orgId: OrganizationId,
  of: { readonly scope: string; readonly projectId: ProjectId | null; readonly rate: Rate | null },
): Promise<void> {
  if (of.rate === null) {
    await sql`delete from tool_rate where org_id = ${orgId} and scope = ${of.scope}`.execute(tx);
    return;
  }
  await sql`
    select action_set_rate(
      ${orgId}::uuid, ${of.scope}::text, ${of.projectId}::uuid, ${of.rate.calls}::integer,
      ${of.rate.perSeconds}::integer)
  `.execute(tx);
}

export interface SharedRate extends Rate {
  readonly projectId: ProjectId | null;
  /** The project has set it itself. */
  readonly isOwn: boolean;
}

/** Those of projects and of the organization; a tool's own stands in its manifest. */
export async function listSharedRates(
  tx: Executor,
  { orgId, projectId }: { readonly orgId: OrganizationId; readonly projectId: ProjectId | null },
): Promise<SharedRate[]> {
  const { rows } = await sql<SharedRate>`
    select project_id as "projectId", calls, per_seconds as "perSeconds", scope like '%:own' as "isOwn"
    from tool_rate
    where org_id = ${orgId} and scope not like 'tool:%'
      and (${projectId}::uuid is null or project_id is null or project_id = ${projectId}::uuid)
    order by project_id nulls first, scope
  `.execute(tx);
  return rows;
}
