import type { Caller } from '@sagewai/http';
import type {
  AccountGroupId,
  AccountId,
  Permission,
  ProjectId,
  ServiceAccountId,
} from '@sagewai/wire';

/** Who can have a role. An account also has those of its groups. */
export type Subject =
  | { readonly kind: 'account'; readonly id: AccountId }
  | { readonly kind: 'group'; readonly id: AccountGroupId }
  | { readonly kind: 'service_account'; readonly id: ServiceAccountId };

/** What the roles of a subject give it. */
export interface Grants {
  readonly organization: ReadonlySet<Permission>;
  /** In the one project that was asked about, and there alone. */
  readonly project: ReadonlySet<Permission>;
}

/** What is known of a signed-in account beyond what the pipeline needs. */
export interface AccountDetail {
  readonly kind: 'account';
  /** The only project that what it asks for is good for; null: every project. */
  readonly boundProjectId: ProjectId | null;
}

/**
 * The caller with what its roles give it for a request that needs `permission`. What it has in the whole
 * organization it may do everywhere; what it has in the project alone binds the request to the project
 * (I10), so that a role in one project does nothing in another.
 */
export function actByGrants(
  caller: Caller,
  { organization, project }: Grants,
  permission: Permission | 'public',
): Caller {
  const isOfProject =
    permission !== 'public' && !organization.has(permission) && project.has(permission);
  const hasProjectAlone = organization.size === 0 && project.size > 0;
  if (!isOfProject && !hasProjectAlone) return { ...caller, permissions: organization };
  return {
    ...caller,
    permissions: new Set([...organization, ...project]),
    detail: { ...(caller.detail as object | undefined), boundProjectId: caller.projectId },
  };
}
