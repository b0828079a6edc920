import type { Permission } from './permissions.ts';

/** The roles that every organization has. Others are made of permissions, by whoever has them. */
export const BUILT_IN_ROLES = {
  owner: 'Everything in the organization; alone gives and takes ownership',
  admin: 'Everything in the organization but ownership and who vouches for people',
  operator: 'Runs the fleet: workers, schedules, runs, alerts',
  developer: 'Submits runs, makes keys, sees what they do and cost',
  auditor: 'Reads everything and changes nothing',
  viewer: 'Reads the fleet, runs and costs; not people, credentials or the audit log',
} as const;

export type BuiltInRole = keyof typeof BUILT_IN_ROLES;

const OWNER = ['owner'] as const;
const ADMINS = ['owner', 'admin'] as const;
const ADMINS_SEEN = ['owner', 'admin', 'auditor'] as const;
const OPERATORS = ['owner', 'admin', 'operator'] as const;
const BUILDERS = ['owner', 'admin', 'operator', 'developer'] as const;
const DEVELOPERS = ['owner', 'admin', 'developer'] as const;
const EVERYONE = ['owner', 'admin', 'operator', 'developer', 'auditor', 'viewer'] as const;
/** What no role gives: the platform's, or what a credential holds by being what it is. */
const NOBODY = [] as const;

/**
 * The one matrix role × permission. The server decides by it, the tests walk it, the documentation's
 * table is made from it. A permission that is missing here does not compile.
 */
export const ROLE_MATRIX: { readonly [P in Permission]: readonly BuiltInRole[] } = {
  'organization:read': EVERYONE,
  'organization:create': NOBODY,
  'project:read': EVERYONE,
  'project:write': ADMINS,
  'project:delete': ADMINS,
  'token:read': ADMINS_SEEN,
  'token:write': ADMINS,
  'account:read': ADMINS_SEEN,
  'account:write': ADMINS,
  'account:self': NOBODY,
  'role:read': ADMINS_SEEN,
  'role:assign': ADMINS,
  'role:write': ADMINS,
  'owner:appoint': OWNER,
  'service_account:read': ADMINS_SEEN,
  'service_account:write': ADMINS,
  'sso:read': ADMINS_SEEN,
  // Whoever says who vouches for people can be any of them.
  'sso:write': OWNER,
  'scim:read': NOBODY,
  'scim:write': NOBODY,
  'audit:read': ADMINS_SEEN,
  'audit:administer': ADMINS,
  'alert:read': EVERYONE,
  'alert:administer': OPERATORS,
  'fleet:read': EVERYONE,
  'fleet:administer': OPERATORS,
  'enrollment:read': ['owner', 'admin', 'operator', 'auditor'],
  'fleet:remove': EVERYONE,
  'fleet:register': BUILDERS,
  'fleet:claim': NOBODY,
  'fleet:report': NOBODY,
  'fleet:heartbeat': NOBODY,
  'run:read': EVERYONE,
  'run:submit': BUILDERS,
  'run:children': EVERYONE,
  'run:steps': EVERYONE,
  'run:journal': NOBODY,
  'run:redrive': BUILDERS,
  'run:seal': ['owner', 'admin', 'operator', 'developer', 'auditor'],
  'run:cancel': BUILDERS,
  'run:approve': BUILDERS,
  'run:signal': BUILDERS,
  'schedule:read': EVERYONE,
  'schedule:write': BUILDERS,
  'trigger:read': EVERYONE,
  'trigger:write': BUILDERS,
  'tool:read': EVERYONE,
  'tool:inspect': ['owner', 'admin', 'operator', 'developer', 'auditor'],
  'tool:write': ADMINS,
  'tool:call': BUILDERS,
  'tool:approve': BUILDERS,
  'tool:redrive': BUILDERS,
  'tool:report': NOBODY,
  'chat:read': ['owner', 'admin', 'developer', 'auditor'],
  'chat:write': DEVELOPERS,
  'index:read': EVERYONE,
  'index:write': DEVELOPERS,
  'artifact:read': ['owner', 'admin', 'developer', 'auditor'],
  'artifact:write': DEVELOPERS,
  'key:read': EVERYONE,
  'key:inspect': EVERYONE,
  'key:write': DEVELOPERS,
  'team:read': EVERYONE,
  'team:write': ADMINS,
  'spend:read': EVERYONE,
  'budget:write': ADMINS,
  'guardrail:write': ADMINS,
  'call_body:read': ADMINS,
  'call_body:write': ADMINS,
  'budget:check': EVERYONE,
  'spend:record': BUILDERS,
  'model:call': NOBODY,
  'model:administer': NOBODY,
  'encryption:administer': NOBODY,
  'model:list': EVERYONE,
};

export const ROLE_PERMISSIONS: { readonly [Role in BuiltInRole]: ReadonlySet<Permission> } = {
  owner: permissionsOf('owner'),
  admin: permissionsOf('admin'),
  operator: permissionsOf('operator'),
  developer: permissionsOf('developer'),
  auditor: permissionsOf('auditor'),
  viewer: permissionsOf('viewer'),
};

export function isBuiltInRole(name: string): name is BuiltInRole {
  return Object.hasOwn(BUILT_IN_ROLES, name);
}

function permissionsOf(role: BuiltInRole): ReadonlySet<Permission> {
  const all = Object.entries(ROLE_MATRIX) as [Permission, readonly BuiltInRole[]][];
  return new Set(all.filter(([, roles]) => roles.includes(role)).map(([permission]) => permission));
}
