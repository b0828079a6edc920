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
  /** The worker's environment under its credentials' `env_overrides`; for a child process, spread it. */
  readonly env: Environment;
  /** Aborts when the run is cancelled or its lease is lost. */
  readonly signal: AbortSignal;
}

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
  readonly for: 'approval' | 'signal';
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
