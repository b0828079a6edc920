import { type Job, job } from '@sagewai/jobs';
import type { Log } from '@sagewai/log';
import type { Db } from '@sagewai/postgres';
import type { Metrics } from '@sagewai/telemetry';

import { expireDue, findOrgsWithExpired, reservationsDue } from './calls.sql.ts';
import {
  type BudgetsLeft,
  checkLedger,
  countBudgetsLeft,
  dropDecisions,
  findOrgsWithBudgets,
  makeMonths,
} from './check-ledger.sql.ts';
import { createJobMeters } from './meters.ts';
import { findOrgsToFold, foldSpend, markFolded } from './rollups.sql.ts';
import { findOrgsWithLost, forfeitDue, holdingsDue } from './shares/shares.sql.ts';

export interface LedgerJobOptions {
  /** As the role of requests. */
  readonly db: Db;
  /** As the role of dispatch: it learns whose rows to look at, and sees none of them. */
  readonly dispatch: Db;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly expireEveryMs: number;
  readonly checkEveryMs: number;
  readonly foldEveryMs: number;
  readonly decisionsKeptMs: number;
}

const EXPIRED_BATCH_MAX = 200;
const MONTHS_AHEAD = 6;
const DAY_MS = 86_400_000;
/** Jobs that are told when they are due look by themselves all the same, in case they were not. */
const SAFETY_MS = 60_000;

export function ledgerJobs(options: LedgerJobOptions): Job[] {
  const { db, dispatch, log } = options;
  const meters = createJobMeters(options.metrics);
  return [
    job({
      name: 'ledger.expire',
      everyMs: options.expireEveryMs,
      runsOn: 'leader',
      due: { inMs: reservationsDue, atLeastEveryMs: SAFETY_MS },
      converges: 'every reservation past its expiry is booked as spent in full, marked unknown',
      ifItNeverRuns: 'money and tokens that a lost call had reserved stay reserved until midnight',
      run: async (signal) => {
        for (const orgId of await findOrgsWithExpired(dispatch)) {
          let count = EXPIRED_BATCH_MAX;
          while (count === EXPIRED_BATCH_MAX && !signal.aborted) {
            count = await expireDue(db, [orgId], EXPIRED_BATCH_MAX);
            if (count > 0) {
              meters.expired(count);
              log.warn('reservations expired and were booked in full', {
                organization: orgId,
                count,
              });
            }
          }
          if (signal.aborted) return;
        }
      },
    }),
    job({
      name: 'ledger.forfeit',
      everyMs: options.expireEveryMs,
      runsOn: 'leader',
      due: { inMs: holdingsDue, atLeastEveryMs: SAFETY_MS },
      converges: 'shares whose holder was killed are booked as spent in full, marked unknown',
      ifItNeverRuns: 'what a killed replica held of a budget stays reserved until midnight',
      run: async (signal) => {
        for (const orgId of await findOrgsWithLost(dispatch)) {
          if (signal.aborted) return;
          const count = await forfeitDue(db, [orgId], EXPIRED_BATCH_MAX);
          if (count === 0) continue;
          meters.lost(count);
          log.warn('shares expired and were booked as spent', { organization: orgId, count });
        }
      },
    }),
    job({
      name: 'ledger.check',
      everyMs: options.checkEveryMs,
      runsOn: 'leader',
      converges: 'it is known whether balances are the sums of their rows',
      ifItNeverRuns: 'a wrong balance is found by a person instead of an alert',
      run: async (signal) => {
        let mismatched = 0;
        const left: BudgetsLeft[] = [];
        for (const orgId of await findOrgsWithBudgets(dispatch)) {
          if (signal.aborted) return;
          left.push(...(await countBudgetsLeft(db, orgId)));
          for (const mismatch of await checkLedger(db, [orgId])) {
            mismatched++;
            log.error('a balance is not the sum of its rows', { ...mismatch });
          }
        }
        meters.mismatched(mismatched);
        meters.left(left);
      },
    }),
    job({
      name: 'ledger.fold',
      everyMs: options.foldEveryMs,
      runsOn: 'leader',
      converges: 'what calls cost is summed up by day, but for what was just booked',
      ifItNeverRuns: 'reports are right, and as slow as there are rows',
      run: async (signal) => {
        const { orgIds, mark } = await findOrgsToFold(dispatch);
        for (const orgId of orgIds) {
          if (signal.aborted) return;
          await foldSpend(db, orgId);
        }
        await markFolded(dispatch, mark);
      },
    }),
    job({
      name: 'ledger.dropDecisions',
      everyMs: DAY_MS,
      runsOn: 'leader',
      converges: 'routing decisions of months that are over for longer than they are kept are gone',
      ifItNeverRuns: 'they fill the disk',
      run: async () => {
        const months = await dropDecisions(dispatch, options.decisionsKeptMs);
        if (months > 0) log.info('old routing decisions were dropped', { months });
      },
    }),
    job({
      name: 'ledger.months',
      everyMs: DAY_MS,
      runsOn: 'leader',
      converges: 'spend has a partition for each of the coming months',
      ifItNeverRuns: 'after a year spend collects in one large partition',
      run: async () => void (await makeMonths(dispatch, MONTHS_AHEAD)),
    }),
  ];
}
