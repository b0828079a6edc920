/**
 * Cron expressions in a time zone. What daylight saving does to them:
 *
 * - A time of the day that does not exist fires at the first instant after the gap.
 * - A time of the day that comes twice fires the first time.
 * - What repeats by the minute or by the hour goes on through both, as the clock on the wall shows it.
 */
import { Cron } from 'croner';

export interface CronTable {
  readonly cron: string;
  readonly timeZone: string;
}

/** Null: it is a table; else what is wrong with it. */
export function mistakeOf({
  cron,
  timeZone,
}: CronTable): { field: 'cron' | 'time_zone'; why: string } | null {
  try {
    new Intl.DateTimeFormat('en', { timeZone });
  } catch {
    return { field: 'time_zone', why: `there is no time zone ${timeZone}` };
  }
  const words = cron.trim().split(/\s+/);
  if (words.length !== 5 && !cron.startsWith('@')) {
    return { field: 'cron', why: 'expected five fields: minute, hour, day, month, day of week' };
  }
  try {
    const next = open({ cron, timeZone }).nextRun();
    return next === null ? { field: 'cron', why: 'it never comes' } : null;
  } catch (error) {
    return { field: 'cron', why: (error as Error).message.replace(/^CronPattern: /, '') };
  }
}

/** The next instants after one, at most `count`. */
export function instantsAfter(table: CronTable, after: Date, count: number): Date[] {
  return open(table).nextRuns(count, after);
}

/** The latest instants from one to another, both counted, at most `count`, in their order. */
export function instantsBetween(
  table: CronTable,
  { from, to, count }: { readonly from: Date; readonly to: Date; readonly count: number },
): Date[] {
  return open(table)
    .previousRuns(count, new Date(to.getTime() + 1_000))
    .filter((at) => at >= from && at <= to)
    .toSorted((one, other) => one.getTime() - other.getTime());
}

function open({ cron, timeZone }: CronTable): Cron {
  return new Cron(cron, { timezone: timeZone, mode: '5-part', paused: true });
}
