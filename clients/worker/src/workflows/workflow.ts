import type { Submission } from '@sagewai/sdk';

import type { Environment } from '../credentials/run-scope.ts';
import type { Resume } from '../lease.ts';
import type { ModelCaller } from '../models/model-call.ts';
import type { RunVoice } from '../run-journal.ts';

export interface RunContext {
  /** Tells those who watch what the run does; never what it was given or answers. */
  readonly voice: RunVoice;
  readonly payload: unknown;
  /** What has ended its latest wait; null: it has not waited. */
  readonly resume: Resume | null;
  /** The model that routed the run here; an agent without one of its own uses it. */
  readonly model: string | null;
  readonly callModel: ModelCaller;
  readonly children: Children;
  /** The worker's environment under its credentials' `env_overrides`; for a child process, spread it. */
  readonly env: Environment;
  /** Aborts when the run is cancelled or its lease is lost. */
  readonly signal: AbortSignal;
}

/** Whatever a submission says, but its parent, which is the run, and its key, which is its name. */
export type ChildSubmission = Omit<Submission, 'parent_run_id' | 'idempotency_key'>;

export interface ChildOutcome {
  readonly name: string;
  readonly id: string;
  readonly state: string;
  readonly output: unknown;
  readonly error: string | null;
}

/** Runs that a run submits under itself. They are cancelled with it, and end by its deadline. */
export interface Children {
  /** Answers the id. One name is one child, also when the run begins anew. */
  submit(name: string, run: ChildSubmission): Promise<string>;
  /**
   * What has become of those that were submitted here. Until all are over the run waits: it gives its place on the
   * worker up and begins anew then. A week unless said.
   */
  outcomes(timeoutSeconds?: number): Promise<readonly ChildOutcome[]>;
}

/** The name of the wait for them. */
export const CHILDREN = 'children';

/** The run itself is at fault: another worker would fail in the same way. */
export class RunFailed extends Error {
  /** The circumstances failed, not the run: it is worth another attempt. */
  readonly retry: boolean;

  constructor(message: string, options: { cause?: unknown; retry?: boolean } = {}) {
    super(message, { cause: options.cause });
    this.name = 'RunFailed';
    this.retry = options.retry ?? false;
  }
}

export interface WaitWish {
  readonly for: 'approval' | 'signal' | 'children';
  readonly name: string;
  /** For whoever decides. */
  readonly prompt?: string;
  readonly timeoutSeconds?: number;
}

/**
 * Thrown by a run that is to wait: it gives its place on the worker up, and begins anew, with what has ended
 * the wait in `resume`. What it has done before is not kept.
 */
export class RunWaits extends Error {
  readonly wait: WaitWish;

  constructor(wait: WaitWish) {
    super(`the run waits for ${wait.for} ${wait.name}`);
    this.name = 'RunWaits';
    this.wait = wait;
  }
}
