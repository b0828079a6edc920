/**
 * A run that waits for a person or a signal. It has no lease: its place is `waiting`.
 *
 * - W1. A signal that comes before, while or after a run begins to wait for it is not missed: waits and
 *   signals of one run take turns.
 * - W2. A wait ends once, by whoever comes first: an approval, a denial, its signal, its time, or the end
 *   of the run.
 * - W3. To wait burns no attempt.
 */
import type { OrganizationId, RunId } from '@sagewai/wire';

import type { Line } from '../matching/subqueue.ts';

export type WaitKind = 'approval' | 'signal' | 'children';

/** What a worker says about a run that it holds and that is to wait. */
export interface NewWait {
  readonly runId: RunId;
  readonly orgId: OrganizationId;
  readonly workerNum: number;
  readonly sessionEpoch: bigint;
  readonly epoch: bigint;
  readonly kind: WaitKind;
  readonly name: string;
  readonly prompt: string | null;
  readonly timeoutMs: number;
}

/** `resumed`: its signal was there; `repeated`: the same lease had begun this wait; `lost`: F1. */
export interface WaitAnswer {
  readonly how: 'waiting' | 'resumed' | 'cancelled' | 'repeated' | 'lost';
  /** Null unless this has changed something. */
  readonly sq: number | null;
  readonly prio: number | null;
}

export interface Answer {
  readonly runId: RunId;
  readonly kind: 'approved' | 'denied' | 'signal';
  /** Of a signal; else null: whatever it waits for. */
  readonly name: string | null;
  /** Only this wait; null: whichever it is. */
  readonly wait: bigint | null;
  /** JSON text. */
  readonly value: string | null;
  readonly by: string;
}

/** `idle`: it does not wait for this; `full`: as many signals are kept as may be. */
export type Resumed =
  | { readonly how: 'resumed'; readonly line: Line }
  | { readonly how: 'kept' | 'full' | 'idle' | 'ended' };

/** What a run waits for now. */
export interface Wait {
  readonly epoch: bigint;
  readonly kind: WaitKind;
  readonly name: string;
  readonly prompt: string | null;
  readonly since: Date;
  readonly dueAt: Date;
}
