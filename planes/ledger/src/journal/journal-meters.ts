import type { Metrics } from '@sagewai/telemetry';

export interface JournalMeters {
  /** Asked before each rendering. */
  backlog(count: () => number): void;
  wrote(seconds: number): void;
  fellBack(why: 'broken' | 'full' | 'backlog', count: number): void;
  replayed(count: number): void;
}

export function createJournalMeters(metrics: Metrics): JournalMeters {
  let unbooked = (): number => 0;
  metrics.gauge({
    name: 'sagewai_ledger_journal_unbooked',
    help: 'Settlements that are durable in the journal of this replica and not in the database.',
    collect: (gauge) => gauge.set({}, unbooked()),
  });
  const seconds = metrics.histogram({
    name: 'sagewai_ledger_journal_write_seconds',
    help: 'How long a write to the journal took until it was durable.',
    buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1],
  });
  const fallbacks = metrics.counter({
    name: 'sagewai_ledger_journal_fallbacks_total',
    help: 'Settlements that waited for the database since the journal could not take them.',
    labels: ['why'],
  });
  const replays = metrics.counter({
    name: 'sagewai_ledger_journal_replayed_total',
    help: 'Settlements that were found in the journals of processes that were gone.',
  });
  return {
    backlog: (count) => {
      unbooked = count;
    },
    wrote: (took) => seconds.observe({}, took),
    fellBack: (why, count) => fallbacks.add({ why }, count),
    replayed: (count) => replays.add({}, count),
  };
}
