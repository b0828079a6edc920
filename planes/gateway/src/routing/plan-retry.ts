import type { Failed } from './judge-head.ts';
import type { RetryRules } from './routing.ts';

export type Retry =
  /** Another deployment takes the call, at once. */
  | { readonly kind: 'other' }
  /** One that had the call before, after a wait. */
  | { readonly kind: 'again'; readonly waitMs: number }
  | { readonly kind: 'none' };

/** What follows a failed attempt. `attempts` is how many there were; `random` is in [0, 1). */
export function planRetry(of: {
  readonly verdict: Failed;
  readonly attempts: number;
  readonly rules: RetryRules;
  readonly hasOther: boolean;
  /** Whether there is one that may get the call again, this one or one before it. */
  readonly hasRepeatable: boolean;
  readonly random: number;
}): Retry {
  const { verdict, attempts, rules, random } = of;
  if (attempts > rules.retries) return { kind: 'none' };
  if (of.hasOther) return { kind: 'other' };
  if (!of.hasRepeatable) return { kind: 'none' };
  // Half of it by chance, so that those who failed together do not come back together.
  const backoffMs = rules.backoffMs * 2 ** (attempts - 1) * (0.5 + random / 2);
  const bounded = Math.min(backoffMs, rules.waitMsMax);
  const waitMs = Math.ceil(Math.max(bounded, rules.retryAfterMs, verdict.retryAfterMs ?? 0));
  return waitMs > Math.max(rules.waitMsMax, rules.retryAfterMs)
    ? { kind: 'none' }
    : { kind: 'again', waitMs };
}
