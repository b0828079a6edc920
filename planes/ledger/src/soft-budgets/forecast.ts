import type { PicoUsd } from '@sagewai/wire';

const DAY_MS = 86_400_000;

export interface Forecast {
  readonly endOfDayPusd: PicoUsd;
  readonly endOfMonthPusd: PicoUsd;
}

/**
 * What will have been spent at the end of the UTC day and month if it goes on as it did since each of
 * them began. A window of which a twentieth is not over yet tells nothing of its pace: what was spent in
 * it stands for a twentieth, so that one call after midnight forecasts no fortune.
 */
export function forecast(
  spent: { readonly dayPusd: PicoUsd; readonly monthPusd: PicoUsd },
  now: Date,
): Forecast {
  const dayStart = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate());
  const monthStart = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1);
  const monthEnd = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1);
  return {
    endOfDayPusd: atPace(spent.dayPusd, now.getTime() - dayStart, DAY_MS),
    endOfMonthPusd: atPace(spent.monthPusd, now.getTime() - monthStart, monthEnd - monthStart),
  };
}

const PART_MIN = 20;

function atPace(spent: PicoUsd, elapsedMs: number, wholeMs: number): PicoUsd {
  const elapsed = BigInt(Math.max(elapsedMs, Math.ceil(wholeMs / PART_MIN)));
  return (spent * BigInt(wholeMs)) / elapsed;
}
