import type { OrganizationId, ProjectId } from '@sagewai/wire';

/** How an organization's people sign in at an identity provider of their own. */
export interface OidcConnection {
  readonly id: string;
  readonly orgId: OrganizationId;
  readonly name: string;
  readonly issuer: string;
  readonly clientId: string;
  /** Sealed; null: a public client, which proves itself by PKCE alone. */
  readonly clientSecret: string | null;
  readonly clientAuthentication: ClientAuthentication;
  readonly scopes: readonly string[];
  /** The provider speaks for addresses of these domains, and of no other. */
  readonly emailDomains: readonly string[];
  readonly claims: ClaimNames;
  readonly groupRoles: readonly GroupRole[];
  readonly provisioning: Provisioning;
  readonly enforced: boolean;
  readonly enabled: boolean;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly changedAt: Date;
}

export type ClientAuthentication = 'basic' | 'post' | 'none';
/** `first_sign_in` makes the account; `known_accounts` lets in only whom an invitation or SCIM has made. */
export type Provisioning = 'first_sign_in' | 'known_accounts';

/** Under which names the provider says things. */
export interface ClaimNames {
  readonly email: string;
  readonly emailVerified: string;
  readonly name: string;
  readonly groups: string;
  /** What SCIM calls externalId, where the provider sends both; null: not joined by it. */
  readonly externalId: string | null;
}

/** Who is in this group has this role; `*` is everybody who signs in. */
export interface GroupRole {
  readonly group: string;
  readonly role: string;
  /** Null: in the whole organization. */
  readonly projectId: ProjectId | null;
}

/** What a provider says of somebody. */
export type Claims = Readonly<Record<string, unknown>>;
