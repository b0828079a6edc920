export interface ThrottleLimits {
  /** Attempts at one account in a window, by whomever. */
  readonly perAccount: number;
  /** Attempts from one address, at whatever account of the organization. */
  readonly perAddress: number;
  readonly windowMs: number;
}

export interface Tried {
  /** The present one included. */
  readonly attempts: number;
  /** Until the window ends. */
  readonly leftMs: number;
}

export type Throttle =
  | { readonly kind: 'go' }
  | { readonly kind: 'wait'; readonly retryAfterMs: number };

/** Whether this attempt is looked at (A3). The right password does not help one that is not. */
export function decideThrottle(
  { account, address }: { readonly account: Tried; readonly address: Tried },
  limits: ThrottleLimits,
): Throttle {
  const waits = [
    account.attempts > limits.perAccount ? account.leftMs : 0,
    address.attempts > limits.perAddress ? address.leftMs : 0,
  ];
  const retryAfterMs = Math.max(...waits);
  return retryAfterMs > 0 ? { kind: 'wait', retryAfterMs } : { kind: 'go' };
}
