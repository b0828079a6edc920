import type { Clock } from '@sagewai/clock';
import type { Log } from '@sagewai/log';
import type { Db } from '@sagewai/postgres';

import { settleAll } from '../calls.sql.ts';
import { isRefusedStatement } from '../name-failure.ts';
import type { LateSettlement } from '../shares/charged-call.ts';
import { bookLate } from '../shares/shares.sql.ts';
import type { TakeTurn } from '../take-turns.ts';
import { readRecord } from './record.ts';

const BATCH = 100;

/**
 * Books what a process that is gone had in its journal, each call once (B3): one that is booked stays as
 * it is, one that has a reservation settles it, one that was booked in full is corrected, and what is
 * left was admitted from shares of a holding whose holder is gone.
 */
export function replayInto(of: {
  readonly db: Db;
  readonly log: Log;
  readonly clock: Clock;
  readonly takeTurn: TakeTurn;
}): (lines: readonly string[]) => Promise<void> {
  const { db, log, clock, takeTurn } = of;

  const book = async (late: readonly LateSettlement[]): Promise<void> => {
    const endTurn = await takeTurn();
    try {
      await bookFound(db, late);
    } finally {
      endTurn();
    }
  };

  return async (lines) => {
    const nowMs = clock.now().getTime();
    for (let from = 0; from < lines.length; from += BATCH) {
      const late = lines.slice(from, from + BATCH).map((line) => readRecord(line, nowMs));
      await book(late).catch(async (error: unknown) => {
        if (!isRefusedStatement(error)) throw error;
        for (const one of late) {
          await book([one]).catch((refusal: unknown) => {
            if (!isRefusedStatement(refusal)) throw refusal;
            // Nothing would change by trying it again; whoever reads this has all of it.
            const { call, settlement } = one;
            log.error('the database refuses a settlement of a journal', {
              error: refusal,
              settlement,
              holding: call.holding.id,
            });
          });
        }
      });
    }
  };
}

async function bookFound(db: Db, late: readonly LateSettlement[]): Promise<void> {
  const answers = await settleAll(
    db,
    late.map(({ settlement }) => settlement),
  );
  const unknown = late.filter((_, index) => answers[index]?.kind === 'unknown');
  if (unknown.length === 0) return;
  await bookLate(db, unknown);
  // A statement of the process that was under way when it went may have made reservations of them since.
  await settleAll(
    db,
    unknown.map(({ settlement }) => settlement),
  );
}
