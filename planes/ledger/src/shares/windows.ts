import { isSliding, type Period } from '../budget.ts';

const DAY_MS = 86_400_000;
/** The day from which days are counted was a Thursday; weeks begin on Sunday. */
const WEEK_DAYS_BEFORE = 4;

/**
 * Whether two days, as the database wrote them, are in one window of a period. Of one that slides what
 * counts is when a call is booked; an hour is never shared.
 */
export function isOneWindow(period: Period, one: string | null, other: string | null): boolean {
  if (one === other || isSliding(period) || period === 'total') return true;
  if (one === null || other === null || period === 'day' || period === 'hour') return false;
  return windowOf(period, one) === windowOf(period, other);
}

/** Shares are of whole days, and an hour may end within one: each call under it asks the database. */
export const isShared = (period: Period): boolean => period !== 'hour';

function windowOf(period: 'week' | 'month', day: string): number {
  const at = new Date(day);
  return period === 'week'
    ? Math.floor((at.getTime() / DAY_MS + WEEK_DAYS_BEFORE) / 7)
    : at.getUTCFullYear() * 12 + at.getUTCMonth();
}
