/** Time as an argument: code that waits or compares instants takes one of these, never `Date.now`. */
export interface Clock {
  now(): Date;
  /** Milliseconds from an arbitrary origin; never goes back. */
  monotonicMs(): number;
}

export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
};
