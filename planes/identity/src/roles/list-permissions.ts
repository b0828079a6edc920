import { type Caller, isAllowed } from '@sagewai/http';
import { type Permission, PERMISSIONS } from '@sagewai/wire';

import type { TokenDetail } from '../resolve-caller.ts';
import { boundProject } from '../token-reader.ts';
import { actByGrants, type Subject } from './grants.ts';
import { isOfTheWholeOrganization } from './whole-organization.ts';

/** All that a caller may do in the organization and project that it speaks for. */
export function listPermissions(caller: Caller): Permission[] {
  const { grants } = (caller.detail ?? {}) as Partial<TokenDetail>;
  const isBound = boundProject(caller) !== null;
  return (Object.keys(PERMISSIONS) as Permission[]).filter((permission) => {
    if (isBound && isOfTheWholeOrganization(permission)) return false;
    return isAllowed(permission, grants ? actByGrants(caller, grants, permission) : caller);
  });
}

/** Whom a token stands for. */
export function standsFor(caller: Caller): { kind: string; id: string } | null {
  const subject: Subject | undefined = (caller.detail as TokenDetail | undefined)?.subject;
  return subject ? { kind: subject.kind, id: subject.id } : null;
}
