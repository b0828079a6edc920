const DAY_MS = 86_400_000;

/** UTC days, both within; left out: without an end. */
export interface WholeDays {
  readonly from?: string;
  readonly until?: string;
}

/** The days that an interval of instants is made of; null: it begins or ends within a day. */
export function wholeDays(since: string | undefined, until: string | undefined): WholeDays | null {
  const [first, end] = [since, until].map((at) => (at === undefined ? undefined : Date.parse(at)));
  if ([first, end].some((ms) => ms !== undefined && ms % DAY_MS !== 0)) return null;
  return {
    ...(first === undefined ? {} : { from: dayOf(first) }),
    ...(end === undefined ? {} : { until: dayOf(end - DAY_MS) }),
  };
}

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
