import type { OrganizationId } from '@sagewai/wire';

/** An end user or a tag that somebody described. Its limits are the ledger's, of this part of the organization. */
export interface DescribedPart {
  readonly orgId: OrganizationId;
  readonly facet: 'end_user' | 'tag';
  /** As calls name it. */
  readonly name: string;
  readonly label: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly blockedAt: Date | null;
  /** Of one that is blocked: the limit of requests a minute that holds again when it is not. */
  readonly requestsBefore: bigint | null;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}
