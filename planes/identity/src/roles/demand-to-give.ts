import { Fault } from '@sagewai/fault';
import { type Caller, isAllowed } from '@sagewai/http';
import type { Permission, ProjectId } from '@sagewai/wire';

import { boundProject } from '../token-reader.ts';
import { isOfTheWholeOrganization } from './whole-organization.ts';

/** Refuses who gives, or takes away, permissions that the caller does not have (I12). */
export function demandToGive(caller: Caller, permissions: Iterable<Permission>): void {
  const isBound = boundProject(caller) !== null;
  const missing = [...permissions].filter(
    (permission) =>
      !isAllowed(permission, caller) || (isBound && isOfTheWholeOrganization(permission)),
  );
  if (missing.length === 0) return;
  throw new Fault('caller.forbidden', `${caller.kind} ${caller.id} lacks ${missing.join(' ')}`, {
    detail: `Nobody gives or takes away more than they have. You do not have: ${missing.join(', ')}.`,
  });
}

/** What a role gives where it is assigned: in a project nothing that concerns the organization. */
export function givenThere(
  permissions: readonly Permission[],
  projectId: ProjectId | null,
): Permission[] {
  return permissions.filter((name) => projectId === null || !isOfTheWholeOrganization(name));
}
