import type { AccountId, ProjectId, ServiceAccountId, TokenId, TokenScope } from '@sagewai/wire';

/** An access token without its value: people and scripts of one organization call with it. */
export interface AccessToken {
  readonly id: TokenId;
  readonly name: string;
  readonly scopes: readonly TokenScope[];
  /** Null: good for every project of the organization. */
  readonly projectId: ProjectId | null;
  /** Who it stands for: it does no more than that may do now. Both null: its scopes decide alone. */
  readonly accountId: AccountId | null;
  readonly serviceAccountId: ServiceAccountId | null;
  /** Good for one request, whatever comes of it. */
  readonly singleUse: boolean;
  /** Made by break-glass, or by what was made with it (G5). */
  readonly isEmergency: boolean;
  readonly usedAt: Date | null;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  /** To the minute. */
  readonly lastUsedAt: Date | null;
}

export const TOKEN_PREFIX = 'sat-';
/** The kind under which access tokens stand in `credential`. */
export const TOKEN_KIND = 'token';

/** How long a replica trusts what it read about a token; half of what I3 allows. */
export const TOKEN_TRUST_MS = 500;
