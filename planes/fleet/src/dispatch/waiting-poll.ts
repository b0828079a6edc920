import type { ClaimedRun } from '../runs/run.ts';
import type { WorkerRecord } from '../workers/worker.ts';

export interface PollRequest {
  readonly worker: WorkerRecord;
  readonly sessionEpoch: bigint;
  readonly pollId: string | null;
  readonly slots: number;
  /** Without slots: at most one run, and its worker may report without an epoch. */
  readonly flat: boolean;
  readonly waitMs: number;
  /** Ends the wait: the caller left, or the process drains. */
  readonly signal: AbortSignal;
}

/** A poll whose time is up may be looked at so often in all, where there may be a run for it. */
const LOOKS_AFTER_TIME_MAX = 16;

let nextNumber = 1;

/** A worker that waits for runs, in memory. */
export class WaitingPoll {
  readonly request: PollRequest;
  /** Grows with every poll: who came first waits first. */
  readonly number: number;
  readonly #resolve: (runs: ClaimedRun[]) => void;
  readonly #reject: (error: unknown) => void;
  readonly #timer: NodeJS.Timeout;
  readonly #leave = (): void => this.#expire();
  /** On its way with a claim: it is answered when that is back. */
  isAway = false;
  isOver = false;
  /** F6. Whether somebody has looked for what a repeated poll was given before. */
  wasAsked = false;
  /** F6. It was given something: a claim hands it back. */
  wasGiven = false;
  #looks = 0;
  #hasExpired = false;

  constructor(
    request: PollRequest,
    settle: { resolve: (runs: ClaimedRun[]) => void; reject: (error: unknown) => void },
  ) {
    this.request = request;
    this.number = nextNumber++;
    this.#resolve = settle.resolve;
    this.#reject = settle.reject;
    this.#timer = setTimeout(() => this.#expire(), request.waitMs);
    request.signal.addEventListener('abort', this.#leave, { once: true });
  }

  get wasLookedAt(): boolean {
    return this.#looks > 0;
  }

  /**
   * Back from a claim; with nothing, it goes on waiting unless its time is up. Where there may be more
   * (the line that was looked at was empty, another may not be), it is looked at again even so.
   */
  comeBack(runs: ClaimedRun[], mayBeMore: boolean): void {
    this.isAway = false;
    this.#looks += 1;
    const hasEnded = this.#hasExpired && (!mayBeMore || this.#looks >= LOOKS_AFTER_TIME_MAX);
    if (runs.length > 0 || hasEnded || this.request.signal.aborted) this.answer(runs);
  }

  answer(runs: ClaimedRun[]): void {
    if (this.isOver) return;
    this.#close();
    this.#resolve(runs);
  }

  /** Its session may be over: it is answered as soon as it is here, and its worker asks again. */
  dismiss(): void {
    this.#hasExpired = true;
    this.#looks = LOOKS_AFTER_TIME_MAX;
    if (!this.isAway) this.answer([]);
  }

  fail(error: unknown): void {
    if (this.isOver) return;
    this.#close();
    this.#reject(error);
  }

  /** However short its time, a poll is looked at once. */
  #expire(): void {
    this.#hasExpired = true;
    const mayEnd = this.#looks > 0 || this.request.signal.aborted;
    if (mayEnd && !this.isAway) this.answer([]);
  }

  #close(): void {
    this.isOver = true;
    clearTimeout(this.#timer);
    this.request.signal.removeEventListener('abort', this.#leave);
  }
}
