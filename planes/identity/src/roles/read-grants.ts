import type { Executor } from '@sagewai/postgres';
import {
  isBuiltInRole,
  type OrganizationId,
  type Permission,
  PERMISSIONS,
  type ProjectId,
  ROLE_PERMISSIONS,
} from '@sagewai/wire';

import type { Grants, Subject } from './grants.ts';
import { type HeldRole, listHeldRoles, listRolesAnywhere } from './role-assignments.sql.ts';
import { isOfTheWholeOrganization } from './whole-organization.ts';

/**
 * What a subject may do, by its own roles and those of its groups: the one function that works it out.
 * Nobody who is not active may do anything.
 */
export async function readGrants(
  tx: Executor,
  about: {
    readonly orgId: OrganizationId;
    readonly projectId: ProjectId | null;
    readonly subject: Subject;
  },
): Promise<Grants> {
  return sumUp(await listHeldRoles(tx, about));
}

/** All that a subject has, or would have were it active, wherever it has it: for who may change it. */
export async function readGrantsAnywhere(
  tx: Executor,
  about: { readonly orgId: OrganizationId; readonly subject: Subject },
): Promise<Set<Permission>> {
  const { organization, project } = sumUp(await listRolesAnywhere(tx, about));
  return new Set([...organization, ...project]);
}

export function sumUp(held: readonly HeldRole[]): Grants {
  const organization = new Set<Permission>();
  const project = new Set<Permission>();
  for (const role of held) {
    for (const permission of permissionsIn(role)) {
      if (!role.isOfProject) organization.add(permission);
      else if (!isOfTheWholeOrganization(permission)) project.add(permission); // I4
    }
  }
  return { organization, project };
}

/** A custom role may name what a later version no longer knows. */
export function permissionsIn({ role, permissions }: Omit<HeldRole, 'isOfProject'>): Permission[] {
  if (isBuiltInRole(role)) return [...ROLE_PERMISSIONS[role]];
  return (permissions ?? []).filter((name): name is Permission => Object.hasOwn(PERMISSIONS, name));
}
