import type { Limits } from '@sagewai/ledger';
import { parseUsd } from '@sagewai/wire';

/** As they arrive: null lifts a limit, what is left out stays. */
export interface LimitChanges {
  readonly budget?: { readonly usd_per_day?: string | null };
  readonly tokens_per_minute?: number | null;
  readonly requests_per_minute?: number | null;
}

/** The limits after the changes; the same object when there are none. */
export function changeLimits(before: Limits, changes: LimitChanges): Limits {
  const usd = changes.budget?.usd_per_day;
  const { tokens_per_minute: tokens, requests_per_minute: requests } = changes;
  if (usd === undefined && tokens === undefined && requests === undefined) return before;
  return {
    usdPerDay: usd === undefined ? before.usdPerDay : usd === null ? null : parseUsd(usd),
    tokensPerMinute: countAfter(before.tokensPerMinute, tokens),
    requestsPerMinute: countAfter(before.requestsPerMinute, requests),
  };
}

function countAfter(before: bigint | null, change: number | null | undefined): bigint | null {
  if (change === undefined) return before;
  return change === null ? null : BigInt(change);
}
