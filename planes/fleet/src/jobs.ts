import { type Job, job } from '@sagewai/jobs';

import { watchJobs } from './anomalies/watch-jobs.ts';
import { bulkJob } from './dead-letters/bulk-job.ts';
import { findNonempty, releaseScheduled } from './dispatch/queue.sql.ts';
import { supervise } from './dispatch/supervise.ts';
import {
  countsDue,
  dueNow,
  gaugesDue,
  leasesDue,
  limitsDue,
  queueDue,
  routesDue,
  scheduledDue,
  unmatchableDue,
  waitsDue,
} from './due.sql.ts';
import { mendLimits, readBacklog, readProjectFacts } from './limits/limits.sql.ts';
import { rerouteRuns } from './matching/routes.sql.ts';
import { objectJobs } from './objects/object-jobs.ts';
import type { FleetParts } from './parts.ts';
import { reportUnmatchable } from './placement/report-unmatchable.ts';
import { retentionJobs } from './retention/retention-jobs.ts';
import { childJobs } from './runs/child-jobs.ts';
import { countPending, readLoads, readPending } from './scaling/counts.sql.ts';
import { scheduleJob } from './schedules/schedule-job.ts';
import { encryptionJobs } from './secrecy/encryption-jobs.ts';
import { pollJob } from './triggers/poll-job.ts';
import { endWaits } from './waits/waits.sql.ts';
import { checkWaiting } from './workers/check-waiting.ts';
import { freshnessOf } from './workers/freshness.ts';

const BATCH = 500;
const GROUP_IDLE_MS = 600_000;
/** A look at the queue may take so large a part of the time between two. */
const SWEEP_SHARE = 20;
/** Jobs that are told when they are due look by themselves all the same, in case they were not. */
const SAFETY_MS = 60_000;

export function fleetJobs(parts: FleetParts): Job[] {
  const { db, dispatch, settings, hints, claims, meters, backlog, clock, projects } = parts;
  let sweepNotBeforeMs = 0;
  // What was counted last is told once more when it is over.
  let hadLimits = true;
  let hadRuns = true;
  let rounds = 0;
  return [
    job({
      name: 'fleet.supervise',
      everyMs: settings.superviseEveryMs,
      runsOn: 'leader',
      // Its pulse goes on in any case: a pause of it excuses workers.
      due: { inMs: leasesDue, atLeastEveryMs: 2 * settings.superviseEveryMs },
      converges:
        'no run stays with a worker that is silent, replaced or revoked, or past its deadline',
      ifItNeverRuns: 'runs of lost workers never end, and deadlines do nothing',
      run: (signal) => supervise(parts, signal),
    }),

    job({
      name: 'fleet.sweep',
      everyMs: settings.sweepEveryMs,
      runsOn: 'every-replica',
      due: { inMs: queueDue, atLeastEveryMs: SAFETY_MS },
      converges: 'waiting polls know of every line of the queue that has runs',
      ifItNeverRuns: 'a run whose wake was lost waits until another is submitted beside it',
      run: async () => {
        const startedMs = clock.monotonicMs();
        if (!claims.hasWaiting || startedMs < sweepNotBeforeMs) return;
        const lines = await findNonempty(dispatch);
        const tookMs = clock.monotonicMs() - startedMs;
        sweepNotBeforeMs = clock.monotonicMs() + tookMs * SWEEP_SHARE;
        await hints.hear(lines.map((line) => ({ ...line, count: Number.POSITIVE_INFINITY })));
      },
    }),

    job({
      name: 'fleet.tidy',
      everyMs: settings.sweepEveryMs,
      runsOn: 'every-replica',
      converges: 'nothing is remembered of polls that are over and groups that are gone',
      ifItNeverRuns: 'memory grows with every set of capabilities that was ever seen',
      run: () => {
        claims.tidy();
        backlog.forgetGroups(GROUP_IDLE_MS);
        return Promise.resolve();
      },
    }),

    job({
      name: 'fleet.directory',
      everyMs: settings.workerRefreshMs / 4,
      runsOn: 'every-replica',
      converges: 'what is remembered of workers that call is not old, and of others nothing is',
      ifItNeverRuns: 'what nobody tells of, as that a probe has grown stale, is not noticed',
      run: () => parts.directory.refresh(settings.workerRefreshMs),
    }),

    job({
      name: 'fleet.check_waiting',
      everyMs: settings.checkWaitingEveryMs,
      runsOn: 'every-replica',
      converges: 'no poll waits here whose worker was refused elsewhere',
      ifItNeverRuns: 'such a poll waits for its time, and is given nothing',
      run: async () => {
        // Of a decision one is told; this is for what nobody heard.
        const patience = parts.directory.hears() ? 3 : 1;
        rounds = (rounds + 1) % patience;
        if (rounds === 0) await checkWaiting(parts);
      },
    }),

    job({
      name: 'fleet.release',
      everyMs: settings.releaseEveryMs,
      runsOn: 'leader',
      due: { inMs: scheduledDue, atLeastEveryMs: SAFETY_MS },
      converges: 'what was put off and is due stands in the queue',
      ifItNeverRuns: 'a run that its worker asked to retry is never tried again',
      run: async (signal) => {
        for (;;) {
          const lines = await releaseScheduled(dispatch, BATCH);
          hints.tell(lines.map(({ sq, prio, runs: count }) => ({ sq, prio, count })));
          for (const { sq, runs } of lines) meters.moved(sq, runs);
          if (lines.length === 0 || signal.aborted) return;
        }
      },
    }),

    job({
      name: 'fleet.reroute',
      everyMs: settings.releaseEveryMs,
      runsOn: 'leader',
      due: { inMs: routesDue, atLeastEveryMs: SAFETY_MS },
      converges: 'no run stands in line for one worker for longer than it said',
      ifItNeverRuns: 'a run that is for a worker that is gone waits for ever',
      run: async (signal) => {
        for (;;) {
          const rerouted = await rerouteRuns(db, BATCH);
          parts.afterQueued(rerouted.filter(({ how }) => how === 'moved'));
          for (const { runId, was } of rerouted) {
            meters.moved(was, -1);
            parts.watch.touch(runId);
          }
          if (rerouted.length === 0 || signal.aborted) return;
        }
      },
    }),

    job({
      name: 'fleet.end-waits',
      everyMs: settings.releaseEveryMs,
      runsOn: 'leader',
      due: { inMs: waitsDue, atLeastEveryMs: SAFETY_MS },
      converges: 'what has waited for as long as it wanted to stands in the queue',
      ifItNeverRuns: 'a run that nobody answers waits for ever',
      run: async (signal) => {
        for (;;) {
          const ended = await endWaits(db, BATCH);
          parts.afterQueued(ended);
          if (ended.length < BATCH || signal.aborted) return;
        }
      },
    }),

    job({
      name: 'fleet.share',
      everyMs: settings.shareEveryMs,
      runsOn: 'every-replica',
      converges: 'all replicas know what projects were given',
      ifItNeverRuns: 'every replica is fair by itself',
      run: () => hints.tellGiven(),
    }),

    job({
      name: 'fleet.weights',
      everyMs: settings.shareEveryMs,
      runsOn: 'every-replica',
      due: { inMs: () => (hadLimits ? dueNow() : limitsDue()), atLeastEveryMs: SAFETY_MS },
      converges: 'this replica knows the weights of projects, and which have caps',
      ifItNeverRuns: 'weights are 1',
      run: async () => {
        const facts = await readProjectFacts(dispatch);
        hadLimits = facts.length > 0;
        projects.learn(facts);
      },
    }),

    job({
      name: 'fleet.count',
      everyMs: settings.countEveryMs,
      runsOn: 'leader',
      due: { inMs: countsDue, atLeastEveryMs: 6 * settings.countEveryMs },
      converges: 'the counters of pending runs and of limits are what the queue holds',
      ifItNeverRuns:
        'the autoscaler sees what it saw last, and bounds count what was cancelled in the queue',
      run: async () => {
        await countPending(db, freshnessOf(settings));
        await mendLimits(dispatch, settings.queuedMax);
      },
    }),

    job({
      name: 'fleet.unmatchable',
      everyMs: settings.countEveryMs,
      runsOn: 'leader',
      due: { inMs: unmatchableDue, atLeastEveryMs: 12 * settings.countEveryMs },
      converges: 'of every queue that nobody can serve it has been told once',
      ifItNeverRuns: 'runs that no worker can have wait unseen until somebody asks',
      run: (signal) => reportUnmatchable(parts, signal),
    }),

    job({
      name: 'fleet.gauge',
      everyMs: settings.countEveryMs / 2,
      runsOn: 'every-replica',
      due: {
        inMs: () => (hadRuns ? dueNow() : gaugesDue()),
        atLeastEveryMs: 2 * settings.countEveryMs,
      },
      converges: 'the metrics of this replica are the counters of the database',
      ifItNeverRuns: 'the metrics drift from the truth',
      run: async () => {
        const counts = await readPending(dispatch);
        const loads = await readLoads(dispatch, settings.workerSilenceMs);
        const held = await readBacklog(dispatch, null);
        hadRuns =
          counts.some(({ pending, blockedByQuota }) => pending + blockedByQuota > 0) ||
          held.length > 0 ||
          loads.some(({ active }) => active > 0);
        meters.counted(counts);
        meters.heldBack(held);
        meters.loaded(loads);
      },
    }),

    bulkJob(parts),
    ...childJobs(parts),
    scheduleJob(parts),
    pollJob(parts),
    ...retentionJobs(parts),
    ...watchJobs(parts),
    ...encryptionJobs(parts),
    ...objectJobs(parts),
  ];
}
