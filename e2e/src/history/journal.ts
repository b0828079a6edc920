import type { HistoryEvent } from './event.ts';

/** What happened, in the order in which it became known. */
export interface Journal {
  readonly events: readonly HistoryEvent[];
  /** How often each thing happened, for people. */
  readonly counts: Readonly<Record<string, number>>;
  /** Milliseconds of one monotonic clock. */
  nowMs(): number;
  record(event: HistoryEvent): void;
  count(what: string): void;
}

export function createJournal(): Journal {
  const events: HistoryEvent[] = [];
  const counts: Record<string, number> = {};
  const count = (what: string): void => {
    counts[what] = (counts[what] ?? 0) + 1;
  };
  return {
    events,
    counts,
    nowMs: () => performance.now(),
    record: (event) => {
      events.push(event);
      count(event.kind === 'reported' && !event.accepted ? 'fenced off' : event.kind);
    },
    count,
  };
}
