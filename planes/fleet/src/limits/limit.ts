/**
 * Limits of dispatch: how many runs of a project, a pool, a project in a pool, or a concurrency key may
 * wait, run, and start within a time.
 *
 *   F7. However many replicas claim, no more runs of a project or concurrency key run at once than its cap,
 *       and no more runs start within any period than its rate.
 *   F8. No submission is stored that would make more runs wait than the bound of its project or pool.
 */
import type { OrganizationId, ProjectId } from '@sagewai/wire';

/** Whose limit it is: `both` is that of a project in a pool. */
export type LimitOf = 'project' | 'pool' | 'both' | 'key';

/** What keeps runs from starting. */
export type Held = 'paused' | 'cap' | 'rate';

/** Null: every pool, or every project; never both. */
export interface LimitPlace {
  readonly orgId: OrganizationId;
  readonly pool: string | null;
  readonly projectId: ProjectId | null;
}

export interface Rate {
  readonly starts: number;
  readonly perMs: number;
}

/** Null: without limit. */
export interface Limits {
  readonly maxRunning: number | null;
  readonly maxQueued: number | null;
  readonly rate: Rate | null;
  /** Of a project alone; null: 1. */
  readonly weight: number | null;
}

export interface Limit extends LimitPlace, Limits {
  readonly paused: boolean;
}

export const NO_LIMITS: Limits = { maxRunning: null, maxQueued: null, rate: null, weight: null };
