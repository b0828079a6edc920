/**
 * Who is calling, and for whom: organizations, their projects, and the credentials that prove it.
 *
 * Invariants
 *   I1. A request acts for one organization: its credential's own, or the one that an administrator of
 *       the platform named. Its transaction sees that one's rows and no others.
 *   I2. The value of a key is shown once. What is kept is its SHA-256, in one table for all kinds.
 *   I3. A token that was revoked or has expired is refused by every replica within a second.
 *   I4. A token that is bound to a project reaches nothing that concerns the whole organization, and
 *       so never makes a token that can do more than itself.
 *   I5. No request makes an administrator of the platform; only starting the server does.
 *   I6. The database knows the fingerprints of the keys it was set up with, and refuses others.
 *   I7. A secret that the database keeps, because the server has no home, is the owner's alone.
 *   I8. A run token is good for its run, its lease and its models, until it expires, and cannot be
 *       changed or made without the key.
 *   I9. No table shows or takes a row of an organization that the transaction does not act for.
 *   I10. A role that is held in a project does nothing in another, and nothing to the organization.
 *   I13. A token for a single use is good for one request, whatever comes of it.
 *   I12. Nobody gives, or takes away, what they do not have.
 *   I11. An organization that has an owner keeps one: an active account.
 */
import type { OrganizationId, ProjectId } from '@sagewai/wire';

export interface Organization {
  readonly id: OrganizationId;
  readonly name: string;
  readonly createdAt: Date;
}

export interface Project {
  readonly id: ProjectId;
  readonly orgId: OrganizationId;
  readonly name: string;
  readonly createdAt: Date;
  /** It is out of reach since, and will be deleted; null: it is in use. */
  readonly deletingAt: Date | null;
}

/** Every organization has it, and a request that names no project means it. */
export const DEFAULT_PROJECT = 'default';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Names and ids stand in the same places; a name never looks like an id. */
export function isId(nameOrId: string): boolean {
  return UUID.test(nameOrId);
}

/** The part of a listing: at most `limit` rows with ids after `cursor`. */
export interface Page {
  readonly limit: number;
  readonly cursor?: string | undefined;
}
