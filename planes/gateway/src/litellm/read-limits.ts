import type { Limits } from '@sagewai/ledger';
import { type PicoUsd, parseUsd } from '@sagewai/wire';

import { mistaken } from './refuse-fields.ts';

export interface LimitFields {
  readonly max_budget?: number | null;
  readonly budget_duration?: string | null;
  readonly budget_limits?:
    | readonly { readonly budget_duration: string; readonly max_budget: number }[]
    | null;
  readonly tpm_limit?: number | null;
  readonly rpm_limit?: number | null;
}

/** The limits on money, from the shortest window to the one that never resets. */
export const MONEY_LIMITS = [
  'usdPerHour',
  'usdPerDay',
  'usdPerWeek',
  'usdPerMonth',
  'usdPer30Days',
  'usdInTotal',
] as const satisfies readonly (keyof Limits)[];
export type MoneyLimit = (typeof MONEY_LIMITS)[number];

/** LiteLLM's words for when a budget resets; null: never. The first of each is the one we answer. */
export const DURATIONS: Readonly<Record<MoneyLimit, readonly (string | null)[]>> = {
  usdPerHour: ['1h', '60m'],
  usdPerDay: ['24h', '1d'],
  usdPerWeek: ['7d', '1w'],
  usdPerMonth: ['30d', '1mo'],
  usdPer30Days: ['720h'], // which never was the calendar's month
  usdInTotal: [null],
};

/** US dollars as a number → exact, to the pico-dollar. */
export const toPico = (dollars: number): PicoUsd => parseUsd(dollars.toFixed(12));

/** The limits after what a body says; the same object when it says nothing. */
export function readLimits(before: Limits, fields: LimitFields): Limits {
  const after = { ...before, ...readRates(before, fields), ...readMoney(before, fields) };
  const names = Object.keys(after) as (keyof Limits)[];
  return names.every((name) => after[name] === before[name]) ? before : after;
}

/** The limit that `max_budget` means: the longest window that has one. */
export const mainLimit = (limits: Limits): MoneyLimit | undefined =>
  MONEY_LIMITS.findLast((name) => limits[name] !== null);

function readRates(before: Limits, { tpm_limit: tokens, rpm_limit: requests }: LimitFields) {
  const read = (value: number | null | undefined, was: bigint | null): bigint | null =>
    value === undefined ? was : value === null ? null : BigInt(value);
  return {
    tokensPerMinute: read(tokens, before.tokensPerMinute),
    requestsPerMinute: read(requests, before.requestsPerMinute),
  };
}

function readMoney(before: Limits, fields: LimitFields): Partial<Limits> {
  const { max_budget: amount, budget_duration: duration, budget_limits: windows } = fields;
  const after: Partial<Record<MoneyLimit, bigint | null>> = {};
  if (windows) {
    for (const name of MONEY_LIMITS) after[name] = null;
    for (const [index, window] of windows.entries()) {
      const name = limitOf(window.budget_duration, `budget_limits/${index}/budget_duration`);
      if (after[name] !== null) throw mistaken('budget_limits', 'names a duration twice');
      after[name] = toPico(window.max_budget);
    }
  }
  const main = windows ? undefined : mainLimit(before);
  if (amount === undefined && duration === undefined) return after;
  const was = main === undefined ? null : before[main];
  const pico = amount === undefined ? was : amount === null ? null : toPico(amount);
  const name = duration === undefined ? (main ?? 'usdInTotal') : limitOf(duration);
  if (main !== undefined) after[main] = null;
  if (pico === null) return after;
  if (after[name] !== undefined && after[name] !== null) {
    throw mistaken('budget_limits', 'has the duration of max_budget as well');
  }
  after[name] = pico;
  return after;
}

function limitOf(duration: string | null, field = 'budget_duration'): MoneyLimit {
  const found = MONEY_LIMITS.find((name) => DURATIONS[name].includes(duration));
  if (found !== undefined) return found;
  const known = MONEY_LIMITS.flatMap((name) => DURATIONS[name]).filter((word) => word !== null);
  throw mistaken(field, `must be one of ${known.join(', ')}, or null: never`);
}
