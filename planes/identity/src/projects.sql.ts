import { type Executor, sql, type Tx } from '@sagewai/postgres';
import type { OrganizationId, ProjectId } from '@sagewai/wire';

import { isId, type Page, type Project } from './organization.ts';

export async function insertProject(
  tx: Tx,
  { id, orgId, name }: { id: ProjectId; orgId: OrganizationId; name: string },
): Promise<{ kind: 'created'; project: Project } | { kind: 'taken' }> {
  const { rows } = await sql<Project>`
    insert into project (id, org_id, name) values (${id}, ${orgId}, ${name})
    on conflict do nothing
    returning id, org_id as "orgId", name, created_at as "createdAt", deleting_at as "deletingAt"
  `.execute(tx);
  const [project] = rows;
  return project ? { kind: 'created', project } : { kind: 'taken' };
}

/** Null when the organization has no such project that is in use. */
export async function findProject(
  tx: Executor,
  orgId: OrganizationId,
  nameOrId: string,
): Promise<Project | null> {
  const project = await findAnyProject(tx, orgId, nameOrId);
  return project?.deletingAt === null ? project : null;
}

/** Also one that is being deleted; one that is deleted is nobody's. */
export async function findAnyProject(
  tx: Executor,
  orgId: OrganizationId,
  nameOrId: string,
): Promise<Project | null> {
  const named = isId(nameOrId) ? sql`id = ${nameOrId}` : sql`lower(name) = lower(${nameOrId})`;
  const { rows } = await sql<Project>`
    select id, org_id as "orgId", name, created_at as "createdAt", deleting_at as "deletingAt"
    from project where org_id = ${orgId} and ${named} and deleted_at is null
  `.execute(tx);
  return rows[0] ?? null;
}

/** `only` limits the listing to one project, for a token that is bound to it (I4). */
export async function listProjects(
  tx: Executor,
  { orgId, only, page }: { orgId: OrganizationId; only: ProjectId | null; page: Page },
): Promise<Project[]> {
  const { rows } = await sql<Project>`
    select id, org_id as "orgId", name, created_at as "createdAt", deleting_at as "deletingAt"
    from project
    where org_id = ${orgId} and deleted_at is null
      and (${only}::uuid is null or id = ${only}::uuid)
      and (${page.cursor ?? null}::uuid is null or id > ${page.cursor ?? null}::uuid)
    order by id limit ${page.limit}
  `.execute(tx);
  return rows;
}

/** `taken`: another project has the name; null: it is no more in use. */
export async function renameProject(
  tx: Tx,
  { id, name }: { readonly id: ProjectId; readonly name: string },
): Promise<Project | 'taken' | null> {
  const { rows: others } = await sql`
    select from project p join project own on own.org_id = p.org_id
    where own.id = ${id} and p.id <> ${id} and lower(p.name) = lower(${name})
  `.execute(tx);
  if (others.length > 0) return 'taken';
  const { rows } = await sql<Project>`
    update project set name = ${name} where id = ${id} and deleting_at is null
    returning id, org_id as "orgId", name, created_at as "createdAt", deleting_at as "deletingAt"
  `.execute(tx);
  return rows[0] ?? null;
}
