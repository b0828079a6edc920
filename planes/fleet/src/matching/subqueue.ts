import type { OrganizationId, ProjectId } from '@sagewai/wire';

import type { Requirement } from './match-class.ts';

/** The runs of one project that require the same of a worker; the only key of the queue. */
export interface Subqueue {
  readonly sq: number;
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId;
  readonly requirement: Requirement;
  /** The concurrency key that all its runs share. */
  readonly key: string | null;
  /** The one worker that its runs are for; null: all that match. */
  readonly workerNum: number | null;
}

/** One line of the queue: the runs of a subqueue with one priority. */
export interface Line {
  readonly sq: number;
  /** Lower goes first. */
  readonly prio: number;
}

/** What a claim asks of one line. */
export interface Want extends Line {
  readonly count: number;
  /** Only entries after it are looked at; spares a claim the remains of what was claimed before. */
  readonly floor: bigint;
}
