const DAY_MS = 86_400_000;
const LAST_DAYS = 30;
const DAYS_MAX = 3_660;

export interface Period {
  readonly from?: string | undefined;
  readonly until?: string | undefined;
}

interface Given {
  readonly start_date?: string;
  readonly end_date?: string;
}

/** UTC days, both within; times behind them are passed over. */
export const periodOf = ({ start_date: start, end_date: end }: Given): Period => ({
  from: start?.slice(0, 10),
  until: end?.slice(0, 10),
});

/** What is not said: the last 30 days. */
export function lastDays(given: Given, now: Date): Period {
  const { from, until } = periodOf(given);
  if (from !== undefined || until !== undefined) return { from, until };
  return { from: dayOf(now.getTime() - (LAST_DAYS - 1) * DAY_MS), until: dayOf(now.getTime()) };
}

/** Each day of a period that has both ends; null: there is no such period, or it is too long. */
export function daysOf(from: string, until: string): string[] | null {
  const [first, last] = [from, until].map((day) => Date.parse(`${day}T00:00:00Z`));
  if (first === undefined || last === undefined || Number.isNaN(first) || Number.isNaN(last)) {
    return null;
  }
  const count = (last - first) / DAY_MS + 1;
  if (count > DAYS_MAX) return null;
  return Array.from({ length: Math.max(0, count) }, (_, at) => dayOf(first + at * DAY_MS));
}

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
