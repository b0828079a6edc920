import { type Job, job } from '@sagewai/jobs';

import { leasesDue } from '../due.sql.ts';
import type { FleetParts } from '../parts.ts';
import { reportStalled } from '../workers/report-stalled.ts';
import { forgetActivity } from './anomalies.sql.ts';
import { judgeWorkers } from './judge-workers.ts';

/** What watches over workers. */
export function watchJobs(parts: FleetParts): Job[] {
  const { dispatch, settings, activity } = parts;
  return [
    job({
      name: 'fleet.activity',
      everyMs: settings.activityFlushMs,
      runsOn: 'every-replica',
      converges: 'what workers did here is in the counts of all replicas',
      ifItNeverRuns: 'a worker that does what it should not is never found',
      run: () => activity.flush(),
    }),

    job({
      name: 'fleet.judge',
      everyMs: settings.judgeEveryMs,
      runsOn: 'leader',
      converges: 'every anomaly has been told, and workers with several kinds are revoked',
      ifItNeverRuns: 'a worker that does what it should not goes on',
      run: (signal) => judgeWorkers(parts, signal),
    }),

    job({
      name: 'fleet.stalled',
      everyMs: settings.judgeEveryMs,
      runsOn: 'leader',
      due: { inMs: leasesDue, atLeastEveryMs: 60_000 },
      converges: 'of every run that makes no progress it has been told once',
      ifItNeverRuns: 'a run that hangs is found by whoever waits for it',
      run: (signal) => reportStalled(parts, signal),
    }),

    job({
      name: 'fleet.forgetActivity',
      everyMs: settings.activityKeptMs / 4,
      runsOn: 'leader',
      converges: 'counts that are too old to matter are gone',
      ifItNeverRuns: 'the table of counts grows',
      run: () => forgetActivity(dispatch, settings.activityKeptMs),
    }),
  ];
}
