import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { id, idOrNull, instant, instantOrNull, orNull } from './schemas.ts';

/**
 * 1 to 100 characters, no control characters, no line separators, no surrounding blanks. Not a UUID: a
 * name stands where an id may stand.
 */
export const NAME_PATTERN =
  '^(?! )(?![0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$)' +
  '[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]{1,100}(?<! )$';
const name = Type.String({ minLength: 1, maxLength: 100, pattern: NAME_PATTERN });
const nameOrId = Type.String({ minLength: 1, maxLength: 100 });

const page = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
  cursor: Type.Optional(id),
});

export const organization = Type.Object({ id, name: Type.String(), created_at: instant });

export const project = Type.Object({
  id,
  organization_id: id,
  name: Type.String(),
  /** `deleting`: it is out of reach, and can be taken back while its deletion waits. */
  state: Type.Union([Type.Literal('active'), Type.Literal('deleting')]),
  created_at: instant,
});

/** The scopes of an access token; each includes the ones before it. */
export const TOKEN_SCOPES = ['read', 'write', 'admin'] as const;
/** `scim` is of a token that does nothing else. */
export type TokenScope = (typeof TOKEN_SCOPES)[number] | 'scim';
const scope = Type.Union([
  Type.Literal('read'),
  Type.Literal('write'),
  Type.Literal('admin'),
  Type.Literal('scim'),
]);

export const accessToken = Type.Object({
  id,
  name: Type.String(),
  scopes: Type.Array(scope),
  project_id: idOrNull,
  /** Whom it stands for: it does no more than that may do now. */
  account_id: idOrNull,
  service_account_id: idOrNull,
  /** Good for one request, whatever comes of it. */
  single_use: Type.Boolean(),
  created_by: Type.String(),
  created_at: instant,
  expires_at: instantOrNull,
  revoked_at: instantOrNull,
  /** To the minute. */
  last_used_at: instantOrNull,
});

export const listOrganizations = endpoint({
  id: 'identity.listOrganizations',
  method: 'GET',
  path: '/api/v1/organizations',
  surface: 'own',
  summary: 'List organizations: all for a platform administrator, else the one of the token',
  permission: 'organization:read',
  audit: 'read',
  query: page,
  output: Type.Object({ organizations: Type.Array(organization), next_cursor: idOrNull }),
});

export const createOrganization = endpoint({
  id: 'identity.createOrganization',
  method: 'POST',
  path: '/api/v1/organizations',
  surface: 'own',
  summary: 'Create an organization, with its project `default`',
  permission: 'organization:create',
  audit: 'record',
  body: Type.Object({ name }),
  output: organization,
  status: 201,
});

export const getOrganization = endpoint({
  id: 'identity.getOrganization',
  method: 'GET',
  path: '/api/v1/organizations/{organization}',
  surface: 'own',
  summary: 'Read an organization by its name or id',
  permission: 'organization:read',
  audit: 'read',
  params: Type.Object({ organization: nameOrId }),
  output: organization,
});

export const listProjects = endpoint({
  id: 'identity.listProjects',
  method: 'GET',
  path: '/api/v1/projects',
  surface: 'own',
  summary: 'List the projects of the organization',
  permission: 'project:read',
  audit: 'read',
  query: page,
  output: Type.Object({ projects: Type.Array(project), next_cursor: idOrNull }),
});

export const createProject = endpoint({
  id: 'identity.createProject',
  method: 'POST',
  path: '/api/v1/projects',
  surface: 'own',
  summary: 'Create a project',
  permission: 'project:write',
  audit: 'record',
  body: Type.Object({ name }),
  output: project,
  status: 201,
});

export const getProject = endpoint({
  id: 'identity.getProject',
  method: 'GET',
  path: '/api/v1/projects/{project}',
  surface: 'own',
  summary: 'Read a project by its name or id',
  permission: 'project:read',
  audit: 'read',
  params: Type.Object({ project: nameOrId }),
  output: project,
});

export const renameProject = endpoint({
  id: 'identity.renameProject',
  method: 'PATCH',
  path: '/api/v1/projects/{project}',
  surface: 'own',
  summary: 'Give a project another name; its id stays',
  permission: 'project:write',
  audit: 'record',
  params: Type.Object({ project: nameOrId }),
  body: Type.Object({ name }),
  output: project,
});

export const listTokens = endpoint({
  id: 'identity.listTokens',
  method: 'GET',
  path: '/api/v1/tokens',
  surface: 'own',
  summary: 'List the access tokens of the organization; their values cannot be read again',
  permission: 'token:read',
  audit: 'read',
  query: page,
  output: Type.Object({ tokens: Type.Array(accessToken), next_cursor: idOrNull }),
});

export const createToken = endpoint({
  id: 'identity.createToken',
  method: 'POST',
  path: '/api/v1/tokens',
  surface: 'own',
  summary: 'Create an access token; the answer is the only place where its value is shown',
  permission: 'token:write',
  audit: 'record',
  fresh: true,
  body: Type.Object({
    name,
    scopes: Type.Array(scope, { minItems: 1, maxItems: 3, uniqueItems: true }),
    project: Type.Optional(nameOrId),
    /** Makes a token of this service account; without, one of whoever asks. */
    service_account: Type.Optional(nameOrId),
    single_use: Type.Optional(Type.Boolean()),
    expires_in_seconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 315_360_000 })),
  }),
  output: Type.Object({ ...accessToken.properties, token: Type.String() }),
  status: 201,
});

export const revokeToken = endpoint({
  id: 'identity.revokeToken',
  method: 'POST',
  path: '/api/v1/tokens/{token_id}/revoke',
  surface: 'own',
  summary: 'Revoke an access token: within a second no server accepts it',
  permission: 'token:write',
  audit: 'record',
  params: Type.Object({ token_id: id }),
  output: accessToken,
});

export const whoAmI = endpoint({
  id: 'identity.whoAmI',
  method: 'GET',
  path: '/api/v1/whoami',
  surface: 'own',
  summary: 'Tell what the access token is good for',
  permission: 'organization:read',
  audit: 'read',
  output: Type.Object({
    kind: Type.String(),
    id: Type.String(),
    name: Type.String(),
    organization: orNull(Type.Object({ id, name: Type.String() })),
    project: orNull(Type.Object({ id, name: Type.String() })),
    scopes: Type.Array(Type.String()),
    /** All that the caller may do there. */
    permissions: Type.Array(Type.String()),
    /** Whom a token stands for. */
    stands_for: orNull(Type.Object({ kind: Type.String(), id })),
  }),
});
