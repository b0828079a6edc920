import { Fault } from '@sagewai/fault';
import { type Job, job } from '@sagewai/jobs';
import { inTenant } from '@sagewai/postgres';

import { schedulesDue } from '../due.sql.ts';
import type { FleetParts } from '../parts.ts';
import { fireSchedule } from './fire-schedule.ts';
import { listDueSchedules } from './schedules.sql.ts';

const BATCH = 100;

/** Fires schedules whose instant has come; two leaders at once fire no more than one (S1). */
export function scheduleJob(parts: FleetParts): Job {
  const { db, dispatch, log, settings } = parts;
  return job({
    name: 'fleet.schedule',
    everyMs: settings.scheduleEveryMs,
    runsOn: 'leader',
    due: { inMs: schedulesDue, atLeastEveryMs: 60_000 },
    converges: 'every planned instant of a schedule that has passed has fired, or says why not',
    ifItNeverRuns: 'schedules submit nothing',
    run: async (signal) => {
      for (const { id, orgId } of await listDueSchedules(dispatch, BATCH)) {
        if (signal.aborted) return;
        // One that fails stands in nobody's way.
        await inTenant(db, [orgId], (tx) => fireSchedule(parts, tx, id)).catch((error: unknown) => {
          const isFull = error instanceof Fault && error.code === 'service.busy';
          if (isFull) log.warn('a schedule waits until the server queues more', { schedule: id });
          else log.error('a schedule did not fire; it is tried again', { schedule: id, error });
        });
      }
    },
  });
}
