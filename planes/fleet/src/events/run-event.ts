/**
 * What a run says while it runs: log lines, progress, and what its own code wants to tell.
 *
 * - N1. What is said under a lease that is lost is refused (F1), and nothing comes after the outcome.
 * - N2. The numbers of a run's events have no gap and no repetition, whatever was sent how often.
 * - N3. What is left out is counted, and the next event says how much it was.
 */
import type { OrganizationId, RunId, RunState } from '@sagewai/wire';

export type EventKind = 'log' | 'progress' | 'custom';
export type EventLevel = 'debug' | 'info' | 'warn' | 'error';

export interface SaidEvent {
  readonly kind: EventKind;
  readonly level: EventLevel | null;
  readonly text: string | null;
  readonly fraction: number | null;
  /** JSON text. */
  readonly data: string | null;
}

/** What one run says at once. */
export interface EventBatch {
  readonly runId: RunId;
  readonly orgId: OrganizationId;
  readonly workerNum: number;
  readonly sessionEpoch: bigint;
  readonly epoch: bigint;
  /** The worker's own number of the first event, from 1 under each epoch. */
  readonly first: bigint;
  readonly events: readonly SaidEvent[];
}

export interface Appended {
  readonly how: 'ok' | 'lost';
  readonly kept: number;
  readonly leftOut: number;
  /** The worker's next number. */
  readonly next: bigint;
}

export interface EventLimits {
  /** In the long run, of one run. */
  readonly perSecond: number;
  readonly atOnce: number;
  readonly perRun: number;
  readonly bytesPerRun: number;
}

export interface RunEvent extends Omit<SaidEvent, 'data'> {
  readonly seq: bigint;
  readonly at: Date;
  readonly attempt: number;
  readonly data: unknown;
  readonly leftOut: number;
}

/** How far a run has got in what it says. */
export interface EventHead {
  readonly state: RunState;
  readonly seq: bigint;
  readonly leftOut: number;
}

export const isEnd = (state: RunState): boolean =>
  state === 'completed' || state === 'failed' || state === 'cancelled';
