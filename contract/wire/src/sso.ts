/** Sign-in at an identity provider of the organization's own (OpenID Connect). */
import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { NAME_PATTERN } from './identity.ts';
import { id, idOrNull, instant, textOrNull } from './schemas.ts';

const name = Type.String({ minLength: 1, maxLength: 100, pattern: NAME_PATTERN });
const text = Type.String({ minLength: 1, maxLength: 500 });
const claim = Type.String({ minLength: 1, maxLength: 200 });

const provisioning = Type.Union([Type.Literal('first_sign_in'), Type.Literal('known_accounts')]);
const clientAuthentication = Type.Union([
  Type.Literal('basic'),
  Type.Literal('post'),
  Type.Literal('none'),
]);

const claims = {
  email: claim,
  email_verified: claim,
  name: claim,
  groups: claim,
};

/** What can be told of a connection; its secret cannot be read. */
export const ssoConnection = Type.Object({
  id,
  name: Type.String(),
  issuer: Type.String(),
  client_id: Type.String(),
  has_client_secret: Type.Boolean(),
  client_authentication: clientAuthentication,
  scopes: Type.Array(Type.String()),
  email_domains: Type.Array(Type.String()),
  claims: Type.Object({ ...claims, external_id: textOrNull }),
  group_roles: Type.Array(
    Type.Object({ group: Type.String(), role: Type.String(), project_id: idOrNull }),
  ),
  provisioning,
  /** Passwords are refused then, except to owners. */
  enforced: Type.Boolean(),
  enabled: Type.Boolean(),
  /** Where people begin to sign in. */
  start_path: Type.String(),
  created_by: Type.String(),
  created_at: instant,
  changed_at: instant,
});

const settings = {
  client_secret: Type.Optional(
    Type.Union([
      Type.String({ minLength: 1, maxLength: 4_096, pattern: '^[\\x20-\\x7e]+$' }),
      Type.Null(),
    ]),
  ),
  client_authentication: Type.Optional(clientAuthentication),
  scopes: Type.Optional(
    Type.Array(Type.String({ pattern: '^[\\x21\\x23-\\x5b\\x5d-\\x7e]{1,200}$' }), {
      maxItems: 50,
      uniqueItems: true,
    }),
  ),
  email_domains: Type.Optional(
    Type.Array(
      Type.String({ maxLength: 253, pattern: '^[A-Za-z0-9-]{1,63}(\\.[A-Za-z0-9-]{1,63})+$' }),
      { maxItems: 100, uniqueItems: true },
    ),
  ),
  claims: Type.Optional(
    Type.Object({
      email: Type.Optional(claims.email),
      email_verified: Type.Optional(claims.email_verified),
      name: Type.Optional(claims.name),
      groups: Type.Optional(claims.groups),
      external_id: Type.Optional(Type.Union([claim, Type.Null()])),
    }),
  ),
  group_roles: Type.Optional(
    Type.Array(
      Type.Object({
        /** `*` is everybody who signs in. */
        group: text,
        role: name,
        /** Name or id; left out: the whole organization. */
        project: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
      }),
      { maxItems: 500 },
    ),
  ),
  provisioning: Type.Optional(provisioning),
  enforced: Type.Optional(Type.Boolean()),
  enabled: Type.Optional(Type.Boolean()),
};

const issuer = Type.String({ minLength: 1, maxLength: 1_000, pattern: '^https?://' });
const ofConnection = Type.Object({ connection: Type.String({ minLength: 1, maxLength: 100 }) });

const own = { surface: 'own' } as const;

export const listSsoConnections = endpoint({
  ...own,
  id: 'sso.listConnections',
  method: 'GET',
  path: '/api/v1/sso/connections',
  summary: 'List the connections to identity providers',
  permission: 'sso:read',
  audit: 'read',
  output: Type.Object({ connections: Type.Array(ssoConnection) }),
});

export const createSsoConnection = endpoint({
  ...own,
  id: 'sso.createConnection',
  method: 'POST',
  path: '/api/v1/sso/connections',
  summary: 'Connect an identity provider',
  permission: 'sso:write',
  audit: 'record',
  fresh: true,
  body: Type.Object({ name, issuer, client_id: text, ...settings }),
  output: ssoConnection,
  status: 201,
});

export const getSsoConnection = endpoint({
  ...own,
  id: 'sso.getConnection',
  method: 'GET',
  path: '/api/v1/sso/connections/{connection}',
  summary: 'Read a connection by its name or id; not its secret',
  permission: 'sso:read',
  audit: 'read',
  params: ofConnection,
  output: ssoConnection,
});

export const updateSsoConnection = endpoint({
  ...own,
  id: 'sso.updateConnection',
  method: 'PATCH',
  path: '/api/v1/sso/connections/{connection}',
  summary: 'Change a connection; what is left out stays as it is',
  permission: 'sso:write',
  audit: 'record',
  fresh: true,
  params: ofConnection,
  body: Type.Object({
    name: Type.Optional(name),
    issuer: Type.Optional(issuer),
    client_id: Type.Optional(text),
    ...settings,
  }),
  output: ssoConnection,
});

export const deleteSsoConnection = endpoint({
  ...own,
  id: 'sso.deleteConnection',
  method: 'DELETE',
  path: '/api/v1/sso/connections/{connection}',
  summary: 'Delete a connection; accounts stay, the roles that it gave and its sign-ins end',
  permission: 'sso:write',
  audit: 'record',
  fresh: true,
  params: ofConnection,
  output: Type.Object({ id, deleted: Type.Literal(true) }),
});

export const testSsoConnection = endpoint({
  ...own,
  id: 'sso.testConnection',
  method: 'POST',
  path: '/api/v1/sso/connections/{connection}/test',
  summary: 'Read what the identity provider says of itself, and say what is missing',
  permission: 'sso:write',
  audit: 'record',
  params: ofConnection,
  output: Type.Object({
    issuer: Type.String(),
    redirect_uri: Type.String(),
    authorization_endpoint: textOrNull,
    token_endpoint: textOrNull,
    jwks_uri: textOrNull,
    end_session_endpoint: textOrNull,
    signing_algorithms: Type.Array(Type.String()),
    /** Empty: nothing stands in the way of a first sign-in. */
    problems: Type.Array(Type.String()),
  }),
});

export const startSsoSignIn = endpoint({
  ...own,
  id: 'sso.startSignIn',
  method: 'GET',
  path: '/auth/oidc/{connection}/start',
  summary: 'Send a browser to the identity provider',
  permission: 'public',
  audit: 'read',
  params: ofConnection,
  query: Type.Object({
    /** A path of this server. */
    return_to: Type.Optional(Type.String({ maxLength: 2_000 })),
    /** A command line waits at this port of the browser's machine. */
    cli_port: Type.Optional(Type.Integer({ minimum: 1_024, maximum: 65_535 })),
    /** SHA-256 of what the command line proves itself with, in base64url. */
    cli_challenge: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' })),
  }),
  output: Type.Null(),
});

export const finishSsoSignIn = endpoint({
  ...own,
  id: 'sso.finishSignIn',
  method: 'GET',
  path: '/auth/oidc/{connection}/callback',
  summary: 'Take a browser that comes back from the identity provider',
  permission: 'public',
  audit: 'read',
  params: ofConnection,
  /** What providers send beside code and state is theirs. */
  query: Type.Record(Type.String(), Type.Unknown()),
  output: Type.Null(),
});

export const exchangeSsoCode = endpoint({
  ...own,
  id: 'sso.exchangeCode',
  method: 'POST',
  path: '/api/v1/sso/exchange',
  summary: 'Give a command line the session that its browser signed in for',
  permission: 'public',
  audit: 'record',
  body: Type.Object({
    code: Type.String({ minLength: 20, maxLength: 200 }),
    verifier: Type.String({ minLength: 43, maxLength: 128 }),
  }),
  output: Type.Object({ token: Type.String(), expires_at: instant, email: Type.String() }),
});

export const signOutOfSso = endpoint({
  ...own,
  id: 'sso.signOut',
  method: 'POST',
  path: '/api/v1/sso/sign-out',
  summary: 'End the own session, and tell where to end the one at the identity provider',
  permission: 'account:self',
  audit: 'record',
  output: Type.Object({ session_id: id, redirect_to: textOrNull }),
});

export const SSO_ENDPOINTS = [
  listSsoConnections,
  createSsoConnection,
  getSsoConnection,
  updateSsoConnection,
  deleteSsoConnection,
  testSsoConnection,
  startSsoSignIn,
  finishSsoSignIn,
  exchangeSsoCode,
  signOutOfSso,
] as const;
