import type { Permission } from '@sagewai/wire';

/** Out of reach of what is bound to a project: a token, or a role that is held there (I4). */
const OF_THE_WHOLE_ORGANIZATION: ReadonlySet<Permission | 'public'> = new Set([
  'organization:create',
  'project:write',
  'account:read',
  'account:write',
  'role:assign',
  'owner:appoint',
  'token:read',
  'token:write',
  'account:read',
  'account:write',
  'role:read',
  'role:assign',
  'role:write',
  'owner:appoint',
  'service_account:read',
  'service_account:write',
  'sso:read',
  'sso:write',
  'scim:read',
  'scim:write',
  'audit:read',
  'enrollment:read',
  'fleet:administer',
  'budget:write',
  'team:read',
  'team:write',
]);

/** Whether this concerns an organization as a whole. */
export function isOfTheWholeOrganization(permission: Permission | 'public'): boolean {
  return OF_THE_WHOLE_ORGANIZATION.has(permission);
}
