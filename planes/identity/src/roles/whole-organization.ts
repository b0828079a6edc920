import type { Permission } from '@sagewai/wire';

/**
 * Out of reach of what is bound to a project: a token, or a role that is held there (I4). Every permission
 * stands here, so that nobody forgets to decide it.
 */
const IS_OF_THE_WHOLE_ORGANIZATION: Readonly<Record<Permission, boolean>> = {
  'organization:read': false,
  'organization:create': true,
  'project:read': false,
  'project:write': true,
  'token:read': true,
  'token:write': true,
  'account:read': true,
  'account:write': true,
  'account:self': false,
  'role:read': true,
  'role:assign': true,
  'role:write': true,
  'owner:appoint': true,
  'service_account:read': true,
  'service_account:write': true,
  'sso:read': true,
  'sso:write': true,
  'scim:read': true,
  'scim:write': true,
  'audit:read': true,
  'audit:administer': true,
  'alert:read': false,
  'alert:administer': false,
  'fleet:read': false,
  'fleet:administer': true,
  'enrollment:read': true,
  'fleet:remove': false,
  'fleet:register': false,
  'fleet:claim': false,
  'fleet:report': false,
  'fleet:heartbeat': false,
  'run:read': false,
  'run:submit': false,
  'run:children': false,
  'run:redrive': false,
  'run:seal': false,
  'run:cancel': false,
  'schedule:read': false,
  'schedule:write': false,
  'trigger:read': false,
  'trigger:write': false,
  'run:approve': false,
  'run:signal': false,
  'key:read': false,
  'key:inspect': false,
  'key:write': false,
  'team:read': true,
  'team:write': true,
  'spend:read': false,
  'budget:write': true,
  'budget:check': false,
  'spend:record': false,
  'model:call': false,
  'model:administer': false,
  'encryption:administer': false,
  'model:list': false,
};

/** Whether this concerns an organization as a whole. */
export function isOfTheWholeOrganization(permission: Permission | 'public'): boolean {
  return permission !== 'public' && IS_OF_THE_WHOLE_ORGANIZATION[permission];
}
