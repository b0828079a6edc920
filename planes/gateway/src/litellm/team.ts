import type { OrganizationId } from '@sagewai/wire';

/** Keys that share budgets, models and a fate. It stands beside projects: keys of several may be in one. */
export interface Team {
  readonly orgId: OrganizationId;
  /** As it was given, else one of ours. */
  readonly id: string;
  readonly alias: string | null;
  /** As given; empty allows every model. */
  readonly models: readonly string[];
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly parallelMax: number | null;
  readonly createdAt: Date;
  readonly createdBy: string;
  readonly updatedAt: Date;
  readonly blockedAt: Date | null;
}

export interface TeamMember {
  readonly teamId: string;
  readonly personId: string;
  readonly role: 'admin' | 'user';
}
