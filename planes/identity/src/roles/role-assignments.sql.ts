import { type Executor, sql, type Statement, type Tx } from '@sagewai/postgres';
import type { AccountGroupId, OrganizationId, ProjectId } from '@sagewai/wire';

import type { Page } from '../organization.ts';
import type { Subject } from './grants.ts';

export interface HeldRole {
  readonly role: string;
  /** Of a custom role; null for those that every organization has. */
  readonly permissions: readonly string[] | null;
  readonly isOfProject: boolean;
}

/** The roles of whoever is active: in the whole organization and in one project, own and by groups. */
export async function listHeldRoles(
  tx: Executor,
  {
    orgId,
    projectId,
    subject: { kind, id },
  }: {
    readonly orgId: OrganizationId;
    readonly projectId: ProjectId | null;
    readonly subject: Subject;
  },
): Promise<HeldRole[]> {
  const { rows } = await sql<HeldRole>`
    select assigned.role, role.permissions, assigned.project_id is not null as "isOfProject"
    from role_assignment assigned
    left join role on role.org_id = assigned.org_id and role.name = assigned.custom_role
    where assigned.org_id = ${orgId}
      and (assigned.project_id is null or assigned.project_id = ${projectId})
      and (assigned.subject_kind = ${kind} and assigned.subject_id = ${id}
           or ${kind} = 'account' and assigned.group_id in (
                select group_id from account_group_member
                where org_id = ${orgId} and account_id = ${id}))
      and case ${kind}
            when 'account' then exists (
              select from account where org_id = ${orgId} and id = ${id} and active)
            when 'service_account' then exists (
              select from service_account where org_id = ${orgId} and id = ${id} and active)
            else true
          end
  `.execute(tx);
  return rows;
}

/** The roles of a subject wherever it has them, active or not. */
export async function listRolesAnywhere(
  tx: Executor,
  { orgId, subject: { kind, id } }: { readonly orgId: OrganizationId; readonly subject: Subject },
): Promise<HeldRole[]> {
  const { rows } = await sql<HeldRole>`
    select assigned.role, role.permissions, assigned.project_id is not null as "isOfProject"
    from role_assignment assigned
    left join role on role.org_id = assigned.org_id and role.name = assigned.custom_role
    where assigned.org_id = ${orgId}
      and (assigned.subject_kind = ${kind} and assigned.subject_id = ${id}
           or ${kind} = 'account' and assigned.group_id in (
                select group_id from account_group_member
                where org_id = ${orgId} and account_id = ${id}))
  `.execute(tx);
  return rows;
}

export interface NewAssignment {
  readonly id: string;
  readonly orgId: OrganizationId;
  /** Null: in the whole organization. */
  readonly projectId: ProjectId | null;
  readonly subject: Subject;
  readonly role: string;
  readonly createdBy: string;
}

/** False when the subject has the role there already. The subject and the role must exist. */
export async function insertAssignment(tx: Tx, assignment: NewAssignment): Promise<boolean> {
  const { id, orgId, projectId, subject, role, createdBy } = assignment;
  const { rowCount } = await sql`
    insert into role_assignment (id, org_id, project_id, subject_kind, subject_id, role, created_by)
    values (${id}, ${orgId}, ${projectId}, ${subject.kind}, ${subject.id}, ${role}, ${createdBy})
    on conflict on constraint a_role_is_assigned_once do nothing
  `.execute(tx);
  return rowCount === 1;
}

/** A role that somebody has, and since when. */
export interface Assignment {
  readonly id: string;
  readonly projectId: ProjectId | null;
  readonly subjectKind: Subject['kind'];
  readonly subjectId: string;
  readonly role: string;
  readonly createdBy: string;
  readonly createdAt: Date;
  /** The address of an account, the name of another. */
  readonly subjectName: string;
  readonly projectName: string | null;
}

const columns = (): Statement<unknown> => sql`
  id, project_id as "projectId", subject_kind as "subjectKind", subject_id as "subjectId", role,
  created_by as "createdBy", created_at as "createdAt",
  coalesce(
    case subject_kind
      when 'account' then (select a.email from account a where a.org_id = held.org_id and a.id = subject_id)
      when 'group' then (select g.name from account_group g where g.org_id = held.org_id and g.id = subject_id)
      else (select s.name from service_account s where s.org_id = held.org_id and s.id = subject_id) end,
    subject_id::text) as "subjectName",
  (select p.name from project p where p.id = held.project_id) as "projectName"`;

/** `subjectId`: of one subject alone. */
export async function listAssignments(
  tx: Executor,
  of: {
    readonly orgId: OrganizationId;
    readonly subjectId: string | null;
    readonly page: Page;
  },
): Promise<Assignment[]> {
  const { rows } = await sql<Assignment>`
    select ${columns()} from role_assignment held
    where org_id = ${of.orgId}
      and (${of.subjectId}::uuid is null or subject_id = ${of.subjectId}::uuid)
      and (${of.page.cursor ?? null}::uuid is null or id > ${of.page.cursor ?? null}::uuid)
    order by id limit ${of.page.limit}
  `.execute(tx);
  return rows;
}

export async function findAssignment(
  tx: Executor,
  { orgId, id }: { readonly orgId: OrganizationId; readonly id: string },
): Promise<Assignment | null> {
  const { rows } = await sql<Assignment>`
    select ${columns()} from role_assignment held where org_id = ${orgId} and id = ${id}
  `.execute(tx);
  return rows[0] ?? null;
}

export async function findGroupId(
  tx: Executor,
  { orgId, nameOrId }: { readonly orgId: OrganizationId; readonly nameOrId: string },
): Promise<AccountGroupId | null> {
  const { rows } = await sql<{ id: AccountGroupId }>`
    select id from account_group
    where org_id = ${orgId} and (id::text = lower(${nameOrId}) or name = ${nameOrId})
  `.execute(tx);
  return rows[0]?.id ?? null;
}

/** False when there was no such assignment. The database keeps the last owner (I11). */
export async function dropAssignment(
  tx: Tx,
  { orgId, projectId, subject, role }: Omit<NewAssignment, 'id' | 'createdBy'>,
): Promise<boolean> {
  const { rowCount } = await sql`
    delete from role_assignment
    where org_id = ${orgId} and project_id is not distinct from ${projectId}
      and subject_kind = ${subject.kind} and subject_id = ${subject.id} and role = ${role}
  `.execute(tx);
  return rowCount === 1;
}
