import type { Limits } from '@sagewai/ledger';
import { parseUsd } from '@sagewai/wire';

type Usd = string | null | undefined;
type Count = number | null | undefined;

/** As they arrive: null lifts a limit, what is left out stays. */
export interface LimitChanges {
  readonly budget?: {
    readonly usd_per_hour?: string | null;
    readonly usd_per_day?: string | null;
    readonly usd_per_week?: string | null;
    readonly usd_per_month?: string | null;
    readonly usd_per_30_days?: string | null;
    readonly usd_in_total?: string | null;
  };
  readonly tokens_per_minute?: number | null;
  readonly requests_per_minute?: number | null;
}

/** The limits after the changes; the same object when there are none. */
export function changeLimits(before: Limits, changes: LimitChanges): Limits {
  const { budget = {}, tokens_per_minute: tokens, requests_per_minute: requests } = changes;
  const after: Limits = {
    usdPerHour: usdAfter(before.usdPerHour, budget.usd_per_hour),
    usdPerDay: usdAfter(before.usdPerDay, budget.usd_per_day),
    usdPerWeek: usdAfter(before.usdPerWeek, budget.usd_per_week),
    usdPerMonth: usdAfter(before.usdPerMonth, budget.usd_per_month),
    usdPer30Days: usdAfter(before.usdPer30Days, budget.usd_per_30_days),
    usdInTotal: usdAfter(before.usdInTotal, budget.usd_in_total),
    tokensPerMinute: countAfter(before.tokensPerMinute, tokens),
    requestsPerMinute: countAfter(before.requestsPerMinute, requests),
  };
  const names = Object.keys(after) as (keyof Limits)[];
  return names.every((name) => after[name] === before[name]) ? before : after;
}

function usdAfter(before: bigint | null, change: Usd): bigint | null {
  if (change === undefined) return before;
  return change === null ? null : parseUsd(change);
}

function countAfter(before: bigint | null, change: Count): bigint | null {
  if (change === undefined) return before;
  return change === null ? null : BigInt(change);
}
