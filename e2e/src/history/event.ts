import type { ErrorClass } from './check-fleet.ts';

/**
 * What the checker writes down while it runs. Times are milliseconds of one monotonic clock (the
 * checker's), so two events of different clients can be ordered: `sentMs` is before the request left,
 * `answeredMs` after the answer had arrived. Only answers count as acknowledged; a request whose
 * answer was lost may or may not have happened.
 */
export type HistoryEvent =
  | {
      readonly kind: 'submitted';
      readonly runId: string;
      readonly idempotencyKey: string;
      readonly answeredMs: number;
      /** Its concurrency key, and how many runs with it may run at once. */
      readonly concurrency?: { readonly key: string; readonly limit: number };
      /** Not before: the delay counts from when it was first sent, at the earliest. */
      readonly dueMs?: number;
      /** What a worker must have. */
      readonly needs?: Needs;
    }
  | {
      readonly kind: 'registered';
      readonly workerId: string;
      readonly pool: string;
      readonly models: readonly string[];
      readonly labels: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: 'claimed';
      readonly runId: string;
      readonly epoch: number;
      readonly workerId: string;
      /** When its poll was first sent. */
      readonly sentMs: number;
      readonly answeredMs: number;
      /** What has ended its latest wait. */
      readonly resumedBy?: string;
    }
  | {
      /** One answer to a poll that has a number. */
      readonly kind: 'polled';
      readonly pollId: string;
      readonly epochs: readonly number[];
      readonly answeredMs: number;
    }
  | {
      /** A report that ends a run: not one that asks for another attempt. */
      readonly kind: 'reported';
      readonly runId: string;
      readonly epoch: number;
      readonly output: string;
      /** Accepted (200) or fenced off (409). */
      readonly accepted: boolean;
      /** Accepted because this lease had ended the run already. */
      readonly repeated: boolean;
      /** Of a run with a policy: what it failed with. */
      readonly failure?: Failure;
      readonly sentMs: number;
      readonly answeredMs: number;
    }
  | (Failure & {
      /** A failed attempt of a run with a policy, which is followed by another. */
      readonly kind: 'tried again';
      readonly runId: string;
    })
  | {
      /** A worker gave its lease up, and the run is not over. */
      readonly kind: 'gave up';
      readonly how: 'waits' | 'waits for children' | 'handed back';
      readonly runId: string;
      readonly epoch: number;
      readonly sentMs: number;
      readonly answeredMs: number;
    }
  | {
      /** A run that was submitted under another one; it is `submitted` too. */
      readonly kind: 'child';
      readonly runId: string;
      readonly parentId: string;
      readonly answeredMs: number;
    }
  | {
      /** A cancellation that was answered: the run is over, or its worker will be told. */
      readonly kind: 'cancelled';
      readonly runId: string;
      readonly answeredMs: number;
    }
  | {
      /** An approval or a denial that has ended this wait. */
      readonly kind: 'answered';
      readonly runId: string;
      readonly wait: number;
    }
  | {
      /** A heartbeat named the lease, and the answer did not call it lost. */
      readonly kind: 'confirmed';
      readonly runId: string;
      readonly epoch: number;
      readonly sentMs: number;
    }
  | {
      readonly kind: 'called';
      /** `x-litellm-call-id` of a model call whose whole answer arrived. */
      readonly callId: string;
      readonly keyId: string;
      /** Whether the answer told its usage; if not, because its client or its provider keeps it back. */
      readonly usage: 'told' | 'hidden' | 'never told';
      /** Computed from the usage that was told, not from what the server says it cost; else 0. */
      readonly costPico: bigint;
    }
  | {
      /** A client went away in the middle of a stream of which it had read so many words. */
      readonly kind: 'left';
      readonly callId: string;
      readonly keyId: string;
      readonly words: number;
    };

export interface Needs {
  readonly pool: string;
  readonly model: string | null;
  readonly labels: Readonly<Record<string, string>>;
}

export interface Failure {
  readonly attempt: number;
  readonly errorClass: ErrorClass;
}

export interface SlidingWindow {
  readonly scope: string;
  readonly measure: string;
  readonly seconds: number;
  readonly limit: bigint;
  readonly charges: readonly { readonly atSeconds: number; readonly amount: bigint }[];
}

/** What the database holds when everything has come to rest. */
export interface FinalState {
  readonly outcomes: readonly {
    readonly runId: string;
    readonly epoch: number | null;
    readonly status: string;
    readonly output: string | null;
  }[];
  /** Runs that are still queued or leased. */
  readonly unfinished: readonly string[];
  readonly spend: readonly {
    readonly callId: string;
    readonly keyId: string | null;
    /** The settlement and its correction together. */
    readonly costPico: bigint;
    readonly outputTokens: number;
    /** Where its figures come from. */
    readonly source: string;
    /** A call may have one settlement, and one correction. */
    readonly settlements: number;
    /** Expired, and not booked in full; or corrected, and not expired. */
    readonly isWrong: boolean;
  }[];
  /** What is still held back. */
  readonly heldBack: { readonly calls: number; readonly holdings: number };
  /** Keys of which a share was lost with its holder: calls that it admitted may have no row. */
  readonly lostKeys: readonly string[];
  /** Limits whose windows slide, and what was charged to them when; in order of time. */
  readonly slidingWindows: readonly SlidingWindow[];
  readonly budgets: readonly {
    readonly scope: string;
    readonly limitPico: bigint;
    readonly settledPico: bigint;
    readonly reservedPico: bigint;
    /** The same, from the rows of spend alone. */
    readonly spentPico: bigint;
  }[];
  /** What reconciling the balances with their rows complained of. */
  readonly ledgerMismatches: readonly string[];
  /** Attempts that ended without ending their run. */
  readonly attempts: readonly { readonly runId: string; readonly epoch: number }[];
  /** How many runs repeat a dead one. */
  readonly redrives: readonly { readonly of: string; readonly runs: number }[];
  /** Instants of schedules that have submitted. */
  readonly firings: readonly { readonly plannedAt: string; readonly outcomes: number }[];
  /** Runs of schedules that belong to no firing. */
  readonly strays: readonly string[];
  /** What verifying each organization's chain complained of. */
  readonly brokenChains: readonly string[];
}
