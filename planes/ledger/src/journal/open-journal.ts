import type { Clock } from '@sagewai/clock';
import type { Log } from '@sagewai/log';
import type { Db } from '@sagewai/postgres';
import type { Metrics } from '@sagewai/telemetry';

import type { TakeTurn } from '../take-turns.ts';
import type { Disk } from './disk.ts';
import { createJournalMeters } from './journal-meters.ts';
import { JOURNAL_DEFAULTS, type JournalSettings } from './journal-settings.ts';
import { replayInto } from './replay.ts';
import { SettlementJournal } from './settlement-journal.ts';

export interface JournalPlace extends Partial<JournalSettings> {
  readonly directory: string;
  /** For tests of its failures. */
  readonly disk?: Disk;
}

/** The journal of this process; null where it is to have none. */
export function openJournal(of: {
  readonly db: Db;
  readonly log: Log;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly takeTurn: TakeTurn;
  readonly place: JournalPlace | null;
}): SettlementJournal | null {
  const { log, clock, place } = of;
  if (place === null) return null;
  const { disk, ...given } = place;
  return new SettlementJournal({
    settings: { ...JOURNAL_DEFAULTS, ...given },
    log,
    clock,
    meters: createJournalMeters(of.metrics),
    replay: replayInto(of),
    ...(disk ? { disk } : {}),
  });
}
