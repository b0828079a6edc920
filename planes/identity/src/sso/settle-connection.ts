import type { BodyOf } from '@sagewai/wire';
import type { createSsoConnection, updateSsoConnection } from '@sagewai/wire';

import type { ClaimNames, GroupRole, OidcConnection } from './connection.ts';

/** A connection as it is asked for, with its secret in the clear and projects found. */
export type AskedConnection = Partial<
  Pick<BodyOf<typeof createSsoConnection>, 'name' | 'issuer' | 'client_id'>
> &
  Omit<BodyOf<typeof updateSsoConnection>, 'group_roles'> & {
    readonly groupRoles?: readonly GroupRole[] | undefined;
  };

export type Settled = Pick<
  OidcConnection,
  | 'name'
  | 'issuer'
  | 'clientId'
  | 'clientAuthentication'
  | 'scopes'
  | 'emailDomains'
  | 'claims'
  | 'groupRoles'
  | 'provisioning'
  | 'enforced'
  | 'enabled'
>;

export type SettledConnection =
  | { readonly kind: 'settled'; readonly connection: Settled }
  | { readonly kind: 'refused'; readonly why: string };

const CLAIMS: ClaimNames = {
  email: 'email',
  emailVerified: 'email_verified',
  name: 'name',
  groups: 'groups',
  externalId: null,
};

const DEFAULTS: Omit<Settled, 'name' | 'issuer' | 'clientId'> = {
  clientAuthentication: 'basic',
  scopes: ['openid', 'email', 'profile'],
  emailDomains: [],
  claims: CLAIMS,
  groupRoles: [],
  provisioning: 'first_sign_in',
  enforced: false,
  enabled: true,
};

/** What is asked for over what there is; `hasSecret` is whether the client will have a secret then. */
export function settleConnection(
  before: Settled | null,
  asked: AskedConnection,
  hasSecret: boolean,
): SettledConnection {
  const from = before ?? { ...DEFAULTS, name: '', issuer: '', clientId: '' };
  const { claims = {} } = asked;
  const connection: Settled = {
    name: asked.name ?? from.name,
    issuer: (asked.issuer ?? from.issuer).replace(/\/\.well-known\/openid-configuration$/, ''),
    clientId: asked.client_id ?? from.clientId,
    clientAuthentication: asked.client_authentication ?? from.clientAuthentication,
    scopes: withOpenId(asked.scopes ?? from.scopes),
    emailDomains: (asked.email_domains ?? from.emailDomains).map((each) => each.toLowerCase()),
    claims: {
      email: claims.email ?? from.claims.email,
      emailVerified: claims.email_verified ?? from.claims.emailVerified,
      name: claims.name ?? from.claims.name,
      groups: claims.groups ?? from.claims.groups,
      externalId: claims.external_id === undefined ? from.claims.externalId : claims.external_id,
    },
    groupRoles: asked.groupRoles ?? from.groupRoles,
    provisioning: asked.provisioning ?? from.provisioning,
    enforced: asked.enforced ?? from.enforced,
    enabled: asked.enabled ?? from.enabled,
  };
  const why = findObjection(connection, hasSecret);
  return why === null ? { kind: 'settled', connection } : { kind: 'refused', why };
}

function findObjection(connection: Settled, hasSecret: boolean): string | null {
  const { issuer, clientAuthentication, enforced, enabled } = connection;
  if (!URL.canParse(issuer)) return 'The issuer is not an address.';
  const { username, password, search, hash } = new URL(issuer);
  if (username !== '' || password !== '' || search !== '' || hash !== '') {
    return 'The issuer is an address without credentials, query and fragment.';
  }
  if (clientAuthentication !== 'none' && !hasSecret) {
    return 'Give the secret of the client, or client_authentication `none` for a public client.';
  }
  // Otherwise nobody but owners could sign in.
  if (enforced && !enabled) return 'A connection that is not enabled cannot be enforced.';
  return null;
}

const withOpenId = (scopes: readonly string[]): readonly string[] =>
  scopes.includes('openid') ? scopes : ['openid', ...scopes];
