import { type Job, job } from '@sagewai/jobs';

import { boundParentsDue, childWaitsDue } from '../due.sql.ts';
import type { FleetParts } from '../parts.ts';
import { endChildWaits, followParents } from './children.sql.ts';

const BATCH = 100;

/** What follows from the end of a run for those above and under it. */
export function childJobs(parts: FleetParts): Job[] {
  const { db, settings, watch } = parts;
  return [
    job({
      name: 'fleet.follow-parents',
      everyMs: settings.childrenEveryMs,
      runsOn: 'leader',
      due: { inMs: boundParentsDue, atLeastEveryMs: 60_000 },
      converges: 'no child that is to end with its parent outlives it',
      ifItNeverRuns: 'such children go on after their parent has ended',
      run: async (signal) => {
        for (;;) {
          const cancelled = await followParents(db, BATCH);
          for (const runId of cancelled) watch.touch(runId);
          if (cancelled.length === 0 || signal.aborted) return;
        }
      },
    }),

    job({
      name: 'fleet.end-child-waits',
      everyMs: settings.childrenEveryMs,
      runsOn: 'leader',
      due: { inMs: childWaitsDue, atLeastEveryMs: 60_000 },
      converges: 'what waits for its children stands in the queue when they are over',
      ifItNeverRuns: 'such a run waits for as long as it said',
      run: async (signal) => {
        for (;;) {
          const ended = await endChildWaits(db, BATCH);
          parts.afterQueued(ended);
          if (ended.length < BATCH || signal.aborted) return;
        }
      },
    }),
  ];
}
