/**
 * Runs, and the leases under which workers have them.
 *
 * Invariants
 *   F1. A run has at most one valid lease; every write names `(run, epoch, session)`; a stale one changes
 *       nothing and answers 409.
 *   F2. An acknowledged submission is never lost; a run ends in exactly one accepted outcome.
 *   F3. A worker receives only runs of its own organization, pool, models and labels as recorded at
 *       enrollment; the body never counts.
 *   F4. The cost of a claim does not grow with the backlog, nor with unmatched work ahead of it.
 *   F5. No project can starve another; a capped or paused project never blocks the head of a queue.
 *   F6. A lost response loses nothing: the same `poll_id` returns the same leases.
 *
 * A run is in exactly one of five tables, and that is its state: `ready` or `scheduled` (queued),
 * `lease` (running), `waiting`, `outcome` (completed, failed or cancelled). Each move between them is one statement.
 */
import type { OrganizationId, ProjectId, RunId, RunState, TaskState } from '@sagewai/wire';

import type { RetryPolicy } from './retry-policy.ts';

export const POOL_DEFAULT = 'default';
export const MAX_ATTEMPTS_DEFAULT = 3;
/** In place of a model: any. No canonical name is this, as `*` is read as no model. */
export const ANY_MODEL = '*';

export type OutcomeStatus = 'completed' | 'failed' | 'cancelled';

/** A submission whose every field is decided, ready to be stored. */
export interface NewRun {
  readonly runId: RunId;
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId;
  readonly sq: number;
  /** Lower goes first: the negative of the wire's priority. */
  readonly prio: number;
  /** As asked; null: any. */
  readonly model: string | null;
  readonly maxAttempts: number;
  readonly deadline: Date | null;
  /** JSON text. */
  readonly payload: string;
  /** `token:<id>`. */
  readonly actor: string;
  readonly idempotencyKey: string | null;
  /** SHA-256 of the request, hexadecimal. */
  readonly requestHash: string;
  /** What the limit of its concurrency key is from now on; null: it has none. */
  readonly keyLimit: number | null;
  /** Null: it is queued at once, and has neither timeout nor policy. */
  readonly plan: RunPlan | null;
}

/** Why a run cannot be a child of the one that it names. */
export type Unadopted = 'missing' | 'ended' | 'lost' | 'deep' | 'many';

/** What few submissions say about when and how often their run is tried; as `fleet_submit` reads it. */
export interface RunPlan {
  /** ISO 8601. */
  readonly run_at?: string;
  readonly delay_ms?: number;
  readonly timeout_ms?: number;
  readonly no_progress_ms?: number;
  readonly retry?: RetryPolicy;
  /** The dead letter that the run repeats. */
  readonly redrive_of?: RunId;
  readonly route?: RunRoute;
  readonly parent?: ParentWish;
}

/** Under which run it is submitted, and what bounds that; as `fleet_adopt` reads it. */
export interface ParentWish {
  readonly id: RunId;
  /** Of the lease under which the parent itself submits it; left out: somebody else does. */
  readonly epoch?: number;
  readonly on_end: 'continue' | 'cancel';
  readonly depth_max: number;
  readonly children_max: number;
}

/** How long a run stands in line for one worker. */
export interface RunRoute {
  readonly wait_ms: number;
  /** The subqueue where it goes then; left out: it fails. */
  readonly move_to?: number;
  readonly sticky_key?: string;
}

/** `new`: stored; `same`: the idempotency key had been used for this request; `conflict`: for another. */
export interface Stored {
  readonly how: 'new' | 'same' | 'conflict' | Unadopted;
  readonly runId: RunId;
}

/** A run on its way to a worker. */
export interface ClaimedRun {
  readonly runId: RunId;
  readonly epoch: bigint;
  readonly sq: number;
  readonly prio: number;
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly claimedAt: Date;
  readonly projectId: ProjectId;
  readonly model: string | null;
  readonly deadline: Date | null;
  /** JSON text. */
  readonly payload: string;
  /** JSON text of what has ended its latest wait; null: it has not waited. */
  readonly resume: string | null;
}

/** What a worker says about a run that it holds. */
export interface Report {
  readonly runId: RunId;
  readonly orgId: OrganizationId;
  readonly workerNum: number;
  readonly sessionEpoch: bigint;
  /** Null: from a worker without epochs; then the lease must be one that was claimed flat. */
  readonly epoch: bigint | null;
  readonly status: OutcomeStatus;
  /** JSON text; null: none. */
  readonly output: string | null;
  readonly error: string | null;
  /** With `failed`: only the circumstances failed. */
  readonly retry: boolean;
  /** Null: none was said. */
  readonly errorClass: string | null;
  /** With `failed`: a dead letter, if this is the end. */
  readonly deadLetter: boolean;
}

/**
 * `ok`: it has ended the run; `requeued`: the run goes to another attempt; `repeated`: the same lease had
 * ended it so; `lost`: the lease is no longer this session's (F1).
 */
export type Reported = 'ok' | 'requeued' | 'repeated' | 'lost';

const TASK_STATE = {
  queued: 'pending',
  running: 'claimed',
  waiting: 'claimed',
  completed: 'completed',
  failed: 'failed',
  cancelled: 'failed',
} as const satisfies Record<RunState, TaskState>;

export function toTaskState(state: RunState): TaskState {
  return TASK_STATE[state];
}

const RUN_STATE = {
  pending: 'queued',
  claimed: 'running',
  completed: 'completed',
  failed: 'failed',
} as const satisfies Record<TaskState, RunState>;

export function toRunState(state: TaskState): RunState {
  return RUN_STATE[state];
}
