/**
 * Responses that a provider makes while nobody waits for them.
 *
 *   L1. One is reserved whole, for a day, before its provider hears of it (M1), and there is a row of it as soon as
 *       its provider names it, before a whole answer tells its id: whoever is killed then, a job asks after it.
 *   L2. It is settled once, by whoever sees its end first (its own stream, a poll, a cancellation, the job), and
 *       before that end is told (M2).
 *   L3. What may have been taken and is never told of is left to expire: booked in full, as unknown (M3).
 */
import type { RoutingNote } from '@sagewai/ledger';

import type { AdmittedCall } from '../calls/admitted-call.ts';
import type { Deployment } from '../models/deployment.ts';

/** The longest that a reservation lasts. */
export const RESERVED_MS = 86_400_000;

/** What a settlement needs of a call that is over for its client. */
export interface Manifest {
  readonly model: string;
  readonly bodyBytes: number;
  readonly inputTokensMax: number;
  readonly outputTokensMax: number;
  readonly routing: RoutingNote | null;
}

/** One that is not known to have ended. */
export interface OpenResponse {
  /** Its reservation and its spend have the same. */
  readonly id: string;
  readonly projectId: string;
  readonly deployment: string;
  readonly providerId: string;
  readonly manifest: Manifest;
}

export interface BackgroundSettings {
  /** Between two questions after a response; doubles up to `askMsMax`. */
  readonly askMs: number;
  readonly askMsMax: number;
  /** After so long one is not asked after any more. */
  readonly giveUpMs: number;
}

/** How a response ended, as the ledger knows it; others go on. */
const ENDS = {
  completed: 'ok',
  incomplete: 'ok',
  failed: 'error',
  cancelled: 'aborted',
} as const;

export type ResponseEnd = (typeof ENDS)[keyof typeof ENDS];

/** Undefined: it goes on. */
export const endOf = (said: { readonly [name: string]: unknown }): ResponseEnd | undefined =>
  ENDS[said['status'] as keyof typeof ENDS];

const GOES_ON: readonly unknown[] = ['queued', 'in_progress'];

export const goesOn = (said: { readonly [name: string]: unknown }): boolean =>
  GOES_ON.includes(said['status']);

type Open = (call: AdmittedCall, deployment: Deployment, providerId: string) => Promise<void>;

/** One call in the background, from its request to the first that is heard of it. */
export class BackgroundCall {
  /** The attempt that is under way. */
  admitted: AdmittedCall | undefined;
  /** Makes the row of it (L1). */
  open: Open | undefined;
  #opened: Promise<void> | undefined;

  /** A stream has named it. */
  learn(deployment: Deployment, providerId: string): void {
    const { admitted, open } = this;
    if (admitted === undefined || open === undefined) return;
    this.#opened ??= open(admitted, deployment, providerId);
    // Whoever settles waits for it, and hears of it.
    this.#opened.catch(() => undefined);
  }

  /** Undefined: nobody has named it. */
  get opened(): Promise<void> | undefined {
    return this.#opened;
  }
}
