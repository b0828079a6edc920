import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { NAME_PATTERN } from './identity.ts';
import { id, idOrNull, instant, instantOrNull, textOrNull } from './schemas.ts';

const name = Type.String({ minLength: 1, maxLength: 100, pattern: NAME_PATTERN });
const nameOrId = Type.String({ minLength: 1, maxLength: 254 });
const page = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
  cursor: Type.Optional(id),
});

const role = Type.Object({
  name: Type.String(),
  built_in: Type.Boolean(),
  description: textOrNull,
  permissions: Type.Array(Type.String()),
});

const subjectKind = Type.Union([
  Type.Literal('account'),
  Type.Literal('group'),
  Type.Literal('service_account'),
]);

const roleAssignment = Type.Object({
  id,
  role: Type.String(),
  project_id: idOrNull,
  /** Its name. */
  project: textOrNull,
  subject_kind: subjectKind,
  subject_id: id,
  /** The address of an account, the name of another. */
  subject: Type.String(),
  created_by: Type.String(),
  created_at: instant,
});

const account = Type.Object({
  id,
  email: Type.String(),
  name: Type.String(),
  source: Type.String(),
  active: Type.Boolean(),
  created_at: instant,
  last_login_at: instantOrNull,
  deactivated_at: instantOrNull,
});

const serviceAccount = Type.Object({
  id,
  name: Type.String(),
  active: Type.Boolean(),
  created_by: Type.String(),
  created_at: instant,
});

export const listRoles = endpoint({
  surface: 'own',
  id: 'identity.listRoles',
  method: 'GET',
  path: '/api/v1/roles',
  summary: 'List the roles that can be assigned, and the permissions of each',
  permission: 'role:read',
  audit: 'read',
  output: Type.Object({ roles: Type.Array(role) }),
});

export const createRole = endpoint({
  surface: 'own',
  id: 'identity.createRole',
  method: 'POST',
  path: '/api/v1/roles',
  summary: 'Make a custom role of permissions that the caller has',
  permission: 'role:write',
  audit: 'record',
  fresh: true,
  body: Type.Object({
    name: Type.String({ pattern: '^[a-z][a-z0-9_-]{0,62}$' }),
    permissions: Type.Array(Type.String({ maxLength: 100 }), {
      minItems: 1,
      maxItems: 200,
      uniqueItems: true,
    }),
  }),
  output: role,
  status: 201,
});

export const deleteRole = endpoint({
  surface: 'own',
  id: 'identity.deleteRole',
  method: 'DELETE',
  path: '/api/v1/roles/{role}',
  summary: 'Delete a custom role that nobody has',
  permission: 'role:write',
  audit: 'record',
  fresh: true,
  params: Type.Object({ role: Type.String({ minLength: 1, maxLength: 63 }) }),
  output: Type.Null(),
  status: 204,
});

export const listRoleAssignments = endpoint({
  surface: 'own',
  id: 'identity.listRoleAssignments',
  method: 'GET',
  path: '/api/v1/role-assignments',
  summary: 'List who has which role, in the organization or a project',
  permission: 'role:read',
  audit: 'read',
  query: page,
  output: Type.Object({ assignments: Type.Array(roleAssignment), next_cursor: idOrNull }),
});

export const assignRole = endpoint({
  surface: 'own',
  id: 'identity.assignRole',
  method: 'POST',
  path: '/api/v1/role-assignments',
  summary:
    'Give a role to an account, a group or a service account; nobody gives more than they have',
  permission: 'role:assign',
  audit: 'record',
  fresh: true,
  body: Type.Object({
    role: Type.String({ minLength: 1, maxLength: 63 }),
    subject_kind: subjectKind,
    /** Its id; or the address of an account, the name of another. */
    subject: nameOrId,
    /** Without: in the whole organization. */
    project: Type.Optional(nameOrId),
  }),
  output: roleAssignment,
  status: 201,
});

export const unassignRole = endpoint({
  surface: 'own',
  id: 'identity.unassignRole',
  method: 'DELETE',
  path: '/api/v1/role-assignments/{assignment_id}',
  summary: 'Take a role away; never from the last owner',
  permission: 'role:assign',
  audit: 'record',
  fresh: true,
  params: Type.Object({ assignment_id: id }),
  output: roleAssignment,
});

export const listAccounts = endpoint({
  surface: 'own',
  id: 'identity.listAccounts',
  method: 'GET',
  path: '/api/v1/accounts',
  summary: 'List the accounts of the organization',
  permission: 'account:read',
  audit: 'read',
  query: page,
  output: Type.Object({ accounts: Type.Array(account), next_cursor: idOrNull }),
});

export const getAccount = endpoint({
  surface: 'own',
  id: 'identity.getAccount',
  method: 'GET',
  path: '/api/v1/accounts/{account}',
  summary: 'Read an account by its address or id, with its roles',
  permission: 'account:read',
  audit: 'read',
  params: Type.Object({ account: nameOrId }),
  output: Type.Object({ ...account.properties, roles: Type.Array(roleAssignment) }),
});

export const setAccountActive = endpoint({
  surface: 'own',
  fresh: true,
  id: 'identity.setAccountActive',
  method: 'PUT',
  path: '/api/v1/accounts/{account}/active',
  summary: 'Let an account, and every token that it made, do nothing more; or as before again',
  permission: 'account:write',
  audit: 'record',
  params: Type.Object({ account: nameOrId }),
  body: Type.Object({ active: Type.Boolean() }),
  output: account,
});

export const listServiceAccounts = endpoint({
  surface: 'own',
  id: 'identity.listServiceAccounts',
  method: 'GET',
  path: '/api/v1/service-accounts',
  summary: 'List the service accounts of the organization',
  permission: 'service_account:read',
  audit: 'read',
  query: page,
  output: Type.Object({ service_accounts: Type.Array(serviceAccount), next_cursor: idOrNull }),
});

export const createServiceAccount = endpoint({
  surface: 'own',
  id: 'identity.createServiceAccount',
  method: 'POST',
  path: '/api/v1/service-accounts',
  summary: 'Make a service account; it may do nothing until it is given a role',
  permission: 'service_account:write',
  audit: 'record',
  fresh: true,
  body: Type.Object({ name }),
  output: serviceAccount,
  status: 201,
});

export const setServiceAccountActive = endpoint({
  surface: 'own',
  id: 'identity.setServiceAccountActive',
  method: 'PUT',
  path: '/api/v1/service-accounts/{service_account}/active',
  summary: 'Let a service account and all its tokens do nothing more; or as before again',
  permission: 'service_account:write',
  audit: 'record',
  params: Type.Object({ service_account: nameOrId }),
  body: Type.Object({ active: Type.Boolean() }),
  output: serviceAccount,
});

export const ROLE_ENDPOINTS = [
  listRoles,
  createRole,
  deleteRole,
  listRoleAssignments,
  assignRole,
  unassignRole,
  listAccounts,
  getAccount,
  setAccountActive,
  listServiceAccounts,
  createServiceAccount,
  setServiceAccountActive,
] as const;
