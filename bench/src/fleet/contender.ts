/** `batched`: as many in a request as the contender can take; `single`: one at a time. */
export type Mode = 'batched' | 'single';

export const MODES: readonly Mode[] = ['batched', 'single'];

/** Jobs to an enqueueing request in batched mode, the same for everybody. */
export const SUBMIT_BATCH = 500;
/** Enqueueing requests under way at once in single mode, the same for everybody. */
export const SINGLE_IN_FLIGHT = 32;

export interface Passage {
  readonly elapsedMs: number;
  /** Jobs that did not go the one right way; 0 or the time means nothing. */
  readonly mistakes: number;
}

/** A queue under test, running and empty. */
export interface Contender {
  readonly name: string;
  /** Takes this many jobs from enqueueing to the stored report of their end. */
  pass(jobs: number, mode: Mode): Promise<Passage>;
}
