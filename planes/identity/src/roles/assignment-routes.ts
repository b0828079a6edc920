import { newId } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { found, implement, isAllowed, type Route } from '@sagewai/http';
import type { Tx } from '@sagewai/postgres';
import { nameActor } from '@sagewai/trust';
import {
  assignRole,
  listRoleAssignments,
  type OrganizationId,
  type OutputOf,
  unassignRole,
} from '@sagewai/wire';

import { findAccountBy } from '../accounts/accounts.sql.ts';
import { cutPage, toPage } from '../page.ts';
import { resolveProject } from '../resolve-caller.ts';
import { demandToGive, givenThere } from './demand-to-give.ts';
import type { Subject } from './grants.ts';
import { keepingAnOwner } from './keeping-an-owner.ts';
import {
  type Assignment,
  dropAssignment,
  findAssignment,
  findGroupId,
  insertAssignment,
  listAssignments,
} from './role-assignments.sql.ts';
import { readRole } from './role-routes.ts';
import { findServiceAccount } from './service-accounts.sql.ts';

export function assignmentRoutes(): Route[] {
  return [
    implement(listRoleAssignments, async ({ tx, orgId, query }) => {
      const page = toPage(query);
      const more = { ...page, limit: page.limit + 1 };
      const read = await listAssignments(tx, { orgId, subjectId: null, page: more });
      const { items, next } = cutPage(read, page, ({ id }) => id);
      return { assignments: items.map(assignmentToWire), next_cursor: next };
    }),

    implement(assignRole, async ({ tx, orgId, body, caller, audit }) => {
      const named = body.project;
      const projectId = named === undefined ? null : await resolveProject(tx, { orgId, named });
      if (body.role === 'owner' && !isAllowed('owner:appoint', caller)) {
        throw new Fault('caller.forbidden', `${caller.kind} ${caller.id} appoints no owners`, {
          detail: 'Owners are appointed by a signed-in owner, or an administrator of the platform.',
        });
      }
      const permissions = await readRole(tx, { orgId, name: body.role });
      demandToGive(caller, givenThere(permissions, projectId)); // I12
      const subject = await findSubject(tx, orgId, body);
      // Groups are filled from outside: by SCIM, by an identity provider.
      if (body.role === 'owner' && (projectId !== null || subject.kind !== 'account')) {
        throw new Fault('request.invalid', 'ownership is of people and organizations', {
          detail: 'Accounts own whole organizations; nothing else owns, or is owned.',
        });
      }
      const id = newId();
      const assignment = { id, orgId, projectId, subject, role: body.role };
      if (!(await insertAssignment(tx, { ...assignment, createdBy: nameActor(caller) }))) {
        throw new Fault('resource.exists', 'the role is assigned already', {
          detail: `${body.subject} has the role ${body.role} there already.`,
        });
      }
      audit.about(`${subject.kind}:${subject.id}`, { role: body.role, project_id: projectId });
      return assignmentToWire(found(await findAssignment(tx, { orgId, id }), 'It is gone.'));
    }),

    implement(unassignRole, async ({ tx, orgId, params, caller, audit }) => {
      const id = params.assignment_id;
      const missing = `There is no assignment ${id}.`;
      const held = found(await findAssignment(tx, { orgId, id }), missing);
      const permissions = await readRole(tx, { orgId, name: held.role });
      demandToGive(caller, givenThere(permissions, held.projectId)); // I12
      const { projectId, role } = held;
      const subject = { kind: held.subjectKind, id: held.subjectId } as Subject;
      const dropped = await keepingAnOwner(() =>
        dropAssignment(tx, { orgId, projectId, subject, role }),
      );
      found(dropped ? held : null, missing);
      audit.about(`${held.subjectKind}:${held.subjectId}`, { role, project_id: projectId });
      return assignmentToWire(held);
    }),
  ];
}

async function findSubject(
  tx: Tx,
  orgId: OrganizationId,
  { subject_kind: kind, subject: nameOrId }: { subject_kind: Subject['kind']; subject: string },
): Promise<Subject> {
  const missing = `There is no ${kind.replace('_', ' ')} ${nameOrId}.`;
  if (kind === 'account') {
    return { kind, id: found(await findAccountBy(tx, { orgId, emailOrId: nameOrId }), missing).id };
  }
  if (kind === 'group') {
    return { kind, id: found(await findGroupId(tx, { orgId, nameOrId }), missing) };
  }
  return { kind, id: found(await findServiceAccount(tx, { orgId, nameOrId }), missing).id };
}

export function assignmentToWire(held: Assignment): OutputOf<typeof unassignRole> {
  return {
    id: held.id,
    role: held.role,
    project_id: held.projectId,
    project: held.projectName,
    subject_kind: held.subjectKind,
    subject_id: held.subjectId,
    subject: held.subjectName,
    created_by: held.createdBy,
    created_at: held.createdAt.toISOString(),
  };
}
