import type { Statement } from '@sagewai/postgres';

/**
 * A piece of background work. It is told to look, never what it will see: it may run twice, at the
 * same time on several replicas, after a crash, or sooner than planned, and the result is the same.
 */
export interface Job {
  readonly name: string;
  /** From the end of one run to the start of the next. */
  readonly everyMs: number;
  /** The part of `everyMs` by which it varies, so that replicas spread out. 0.1 when left out. */
  readonly jitter?: number;
  readonly runsOn: 'every-replica' | 'leader';
  /** When there is something to do; a job without it looks by itself every time. */
  readonly due?: Due;
  /** The state that it brings about. */
  readonly converges: string;
  /** What a user would notice. */
  readonly ifItNeverRuns: string;
  /** Ends early, without an error, once the signal is aborted. */
  readonly run: (signal: AbortSignal) => Promise<void>;
}

/** Asked of the database for all jobs in one statement, so that a server where nothing happens asks little. */
export interface Due {
  /** A scalar subquery: in how many ms there is something to do; null: nothing is known of. */
  readonly inMs: () => Statement<unknown>;
  /** The job runs so often although nothing is due. */
  readonly atLeastEveryMs: number;
}

export const job = (declared: Job): Job => declared;

/** Which replica runs the leader's jobs. Two may believe so for a moment: jobs are safe to run twice. */
export interface Leadership {
  isLeader(): boolean;
}
