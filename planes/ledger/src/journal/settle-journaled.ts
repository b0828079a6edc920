import type { Clock } from '@sagewai/clock';
import { Fault } from '@sagewai/fault';
import type { Log } from '@sagewai/log';

import type { Settled, Settlement } from '../call.ts';
import type { Coalescer } from '../coalesce.ts';
import { bookedOf } from '../settle-calls.ts';
import { isOver } from '../shares/is-over.ts';
import type { OpenCall } from '../shares/share.ts';
import type { SharedCalls } from '../shares/shared-calls.ts';
import { recordOf } from './record.ts';
import type { SettlementJournal } from './settlement-journal.ts';

export interface JournaledParts {
  readonly journal: SettlementJournal;
  readonly shared: SharedCalls;
  readonly settling: Coalescer<Settlement, Settled>;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Settles a call by the journal (J1), and has it booked with others. Null: the database must be waited for.
 *
 * Only calls that were admitted from shares, and stayed within what was reserved. Of one with a reservation
 * only the database knows what it had reserved; and whoever exceeds must be booked before the next call is
 * admitted (M1). Until the booking a call counts as under way in its shares, whatever happens to them.
 */
export function settleByJournal({ journal, shared, settling, clock, log }: JournaledParts) {
  return (settlement: Settlement): Promise<Settled> | null => {
    const call = shared.callOf(settlement.id);
    // A second settlement is told what the first has booked (B3).
    if (!call || call.isJournaled || isOver({ call, settlement })) return null;
    return new Promise((resolve, reject) => {
      const answer = bookedOf({ call, settlement });
      const admittedAtMs = clock.now().getTime() - (clock.monotonicMs() - call.admittedMs);
      const record = recordOf(call, settlement, Math.floor(admittedAtMs));
      const entry = journal.append(record, () => resolve(answer));
      if (entry === null) {
        settling.add(settlement).then(resolve, reject);
        return;
      }
      markJournaled(call);
      const book = (): void => {
        settling.add(settlement, true).then(
          (booked) => {
            journal.booked(entry);
            resolve(booked);
          },
          (error: unknown) => {
            const code = error instanceof Fault ? error.code : null;
            if (!entry.isDurable) {
              journal.booked(entry);
              return reject(error);
            }
            if (code === 'service.unavailable') return book(); // J2
            if (code === 'service.draining') return; // It stays in the file.
            journal.booked(entry);
            log.error(
              'the database refuses a settlement of the journal; it expires and is booked in full',
              { error, call: settlement.id },
            );
          },
        );
      };
      book();
    });
  };
}

function markJournaled(call: OpenCall): void {
  call.isJournaled = true;
}
