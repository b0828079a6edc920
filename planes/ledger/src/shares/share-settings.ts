export interface ShareSettings {
  /** How long a holding lasts in the database. Calls are admitted for half of it. */
  readonly ttlMs: number;
  /** A scope that is called so often in a second gets shares. */
  readonly callsASecondMin: number;
  /** One over the part of what is left in a budget that may go into a share. */
  readonly divisor: number;
  readonly stretchMs: number;
  /** Shares that nobody has used for so long are given back. */
  readonly idleMs: number;
  /** How long a call that would be refused waits for shares to come back. */
  readonly recallWaitMs: number;
  /** How long a budget gives out no shares after that. */
  readonly recallPauseMs: number;
  /** How long what is wanted may wait for a settlement that it can go with. */
  readonly syncDelayMs: number;
  /** How often it is looked whether shares are to be renewed, or given back. */
  readonly keepUpEveryMs: number;
}

export const SHARE_DEFAULTS: ShareSettings = {
  ttlMs: 5_000,
  callsASecondMin: 8,
  divisor: 8,
  stretchMs: 100,
  idleMs: 1_000,
  recallWaitMs: 250,
  recallPauseMs: 1_000,
  syncDelayMs: 5,
  keepUpEveryMs: 50,
};
