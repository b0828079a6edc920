import { parseUsd } from '@sagewai/wire';

import type { Limits } from './budget.ts';

interface LimitsBody {
  readonly usd_per_hour?: string | null;
  readonly usd_per_day?: string | null;
  readonly usd_per_week?: string | null;
  readonly usd_per_month?: string | null;
  readonly usd_per_30_days?: string | null;
  readonly usd_in_total?: string | null;
  readonly tokens_per_minute?: number | null;
  readonly requests_per_minute?: number | null;
}

/** The limits that a body or a query says. */
export function limitsOf(body: LimitsBody): Limits {
  const count = (value: number | null | undefined): bigint | null =>
    value === null || value === undefined ? null : BigInt(value);
  const usd = (value: string | null | undefined): bigint | null =>
    value === null || value === undefined ? null : parseUsd(value);
  return {
    usdPerHour: usd(body.usd_per_hour),
    usdPerDay: usd(body.usd_per_day),
    usdPerWeek: usd(body.usd_per_week),
    usdPerMonth: usd(body.usd_per_month),
    usdPer30Days: usd(body.usd_per_30_days),
    usdInTotal: usd(body.usd_in_total),
    tokensPerMinute: count(body.tokens_per_minute),
    requestsPerMinute: count(body.requests_per_minute),
  };
}
