import type { CallerKind, OrganizationId, Permission, ProjectId } from '@sagewai/wire';

/** What an access token may hold. Each but `read` includes the ones before it; `scim` stands alone. */
export type Scope = 'read' | 'write' | 'admin' | 'scim' | 'platform';

/** Who sends a request, as proved by a credential, and for which organization it speaks. */
export interface Caller {
  readonly kind: 'anonymous' | CallerKind;
  /** The identifier of the credential's record; empty for an anonymous caller. */
  readonly id: string;
  /** For people to recognise; never decides anything. */
  readonly name: string;
  /** Null: anonymous, or a platform administrator who named no organization. */
  readonly orgId: OrganizationId | null;
  readonly projectId: ProjectId | null;
  /** Empty unless `kind` is `token`. */
  readonly scopes: ReadonlySet<Scope>;
  /**
   * What roles give. An account may do this; a token may do what its scopes and this allow. Absent: no
   * role says anything, and a token's scopes decide alone.
   */
  readonly permissions?: ReadonlySet<Permission>;
  /** Whether an account has proved of late who it is; `caller.stale` says to do so again. */
  readonly isFresh?: boolean;
  /** The record of the plane that read the credential, for its own handlers. */
  readonly detail?: unknown;
}

export const ANONYMOUS: Caller = {
  kind: 'anonymous',
  id: '',
  name: '',
  orgId: null,
  projectId: null,
  scopes: new Set(),
};

/** A word of the permission table that a caller can stand for. */
export type Grant = Scope | CallerKind;
