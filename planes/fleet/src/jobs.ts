import { type Job, job } from '@sagewai/jobs';

import { watchJobs } from './anomalies/watch-jobs.ts';
import { bulkJob } from './dead-letters/bulk-job.ts';
import {
  beatPulse,
  findOrphans,
  findOverdue,
  type Orphan,
  takeBack,
} from './dispatch/leases.sql.ts';
import { expireRuns, findNonempty, releaseScheduled } from './dispatch/queue.sql.ts';
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
import { endWaits } from './waits/waits.sql.ts';
import { followRamps } from './workers/follow-ramps.ts';
import { freshnessOf } from './workers/freshness.ts';
import { patienceMs } from './workers/judge-silence.ts';
import { readSilence } from './workers/silence.sql.ts';
import { findUnapproved } from './workers/workers.sql.ts';

const BATCH = 500;
const GROUP_IDLE_MS = 600_000;
/** A look at the queue may take so large a part of the time between two. */
const SWEEP_SHARE = 20;

export function fleetJobs(parts: FleetParts): Job[] {
  const { db, dispatch, settings, hints, claims, meters, backlog, clock, projects } = parts;
  let sweepNotBeforeMs = 0;
  return [
    job({
      name: 'fleet.supervise',
      everyMs: settings.superviseEveryMs,
      runsOn: 'leader',
      converges:
        'no run stays with a worker that is silent, replaced or revoked, or past its deadline',
      ifItNeverRuns: 'runs of lost workers never end, and deadlines do nothing',
      run: (signal) => supervise(parts, signal),
    }),

    job({
      name: 'fleet.sweep',
      everyMs: settings.sweepEveryMs,
      runsOn: 'every-replica',
      converges: 'waiting polls know of every line of the queue that has runs',
      ifItNeverRuns: 'a run whose wake was lost waits until another is submitted beside it',
      run: async () => {
        claims.tidy();
        backlog.forgetGroups(GROUP_IDLE_MS);
        const startedMs = clock.monotonicMs();
        if (!claims.hasWaiting || startedMs < sweepNotBeforeMs) return;
        const lines = await findNonempty(dispatch);
        const tookMs = clock.monotonicMs() - startedMs;
        sweepNotBeforeMs = clock.monotonicMs() + tookMs * SWEEP_SHARE;
        await hints.hear(lines.map((line) => ({ ...line, count: Number.POSITIVE_INFINITY })));
      },
    }),

    job({
      name: 'fleet.check_waiting',
      everyMs: settings.checkWaitingEveryMs,
      runsOn: 'every-replica',
      converges: 'no poll waits here whose worker was refused elsewhere',
      ifItNeverRuns: 'such a poll waits for its time, and is given nothing',
      run: () => checkWaiting(parts),
    }),

    job({
      name: 'fleet.release',
      everyMs: settings.releaseEveryMs,
      runsOn: 'leader',
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
      converges: 'all replicas know what projects were given, and their weights',
      ifItNeverRuns: 'every replica is fair by itself, and weights are 1',
      run: async () => {
        projects.learn(await readProjectFacts(dispatch));
        await hints.tellGiven();
      },
    }),

    job({
      name: 'fleet.count',
      everyMs: settings.countEveryMs,
      runsOn: 'leader',
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
      converges: 'of every queue that nobody can serve it has been told once',
      ifItNeverRuns: 'runs that no worker can have wait unseen until somebody asks',
      run: (signal) => reportUnmatchable(parts, signal),
    }),

    job({
      name: 'fleet.gauge',
      everyMs: settings.countEveryMs / 2,
      runsOn: 'every-replica',
      converges: 'the metrics of this replica are the counters of the database',
      ifItNeverRuns: 'the metrics drift from the truth',
      run: async () => {
        meters.counted(await readPending(dispatch));
        meters.heldBack(await readBacklog(dispatch, null));
        meters.loaded(await readLoads(dispatch, settings.workerSilenceMs));
      },
    }),

    bulkJob(parts),
    ...childJobs(parts),
    scheduleJob(parts),
    ...retentionJobs(parts),
    ...watchJobs(parts),
    ...encryptionJobs(parts),
    ...objectJobs(parts),
  ];
}

/** Public for tests: one round of the supervisor. */
export async function supervise(parts: FleetParts, signal: AbortSignal): Promise<void> {
  const { db, dispatch, settings, meters, watch } = parts;
  // Asked first: a round after a gap must not blame workers for the silence of the server.
  const upSince = await beatPulse(dispatch, pulseGapMs(settings));
  const silence = await readSilence(dispatch, { silenceMs: settings.workerSilenceMs, upSince });
  const silenceMs = patienceMs(silence, settings);
  if (silenceMs > settings.workerSilenceMs) {
    meters.massSilence();
    parts.log.warn('many workers are silent at once: they are given as long again', { ...silence });
  }
  for (;;) {
    const orphans = await findOrphans(dispatch, {
      silenceMs,
      cancelGraceMs: settings.cancelGraceMs,
      upSince,
      limit: BATCH,
    });
    for (const [why, leases] of Object.entries(Object.groupBy(orphans, (orphan) => orphan.why))) {
      const text = WHY[why as Orphan['why']](silenceMs);
      parts.afterTakenBack(await takeBack(db, leases ?? [], { why: text, counts: true }));
    }
    if (orphans.length < BATCH || signal.aborted) break;
  }
  for (;;) {
    const overdue = await findOverdue(dispatch, BATCH);
    const why = 'the attempt took longer than its timeout';
    const taken = await takeBack(db, overdue, { why, counts: true, errorClass: 'timeout' });
    parts.afterTakenBack(taken);
    if (overdue.length < BATCH || signal.aborted) break;
  }
  for (;;) {
    const expired = await expireRuns(db, BATCH);
    for (const { runId, sq, how } of expired) {
      watch.touch(runId);
      if (how === 'queued') meters.moved(sq, -1);
      else parts.afterFreed(sq);
    }
    if (expired.length < BATCH || signal.aborted) break;
  }
}

/** Ends the polls of workers that may not claim any more, as this replica was perhaps not told. */
export async function checkWaiting(parts: FleetParts): Promise<void> {
  const { dispatch, claims, directory } = parts;
  const waiting = [...claims.waitingWorkers()];
  if (waiting.length === 0) return;
  for (const id of await findUnapproved(dispatch, waiting)) {
    directory.forget(id);
    claims.dismiss(id);
  }
  await followRamps(parts);
}

/** The shorter the patience with workers, the shorter the pause that excuses them. */
function pulseGapMs(settings: FleetParts['settings']): number {
  const least = Math.max(3 * settings.superviseEveryMs, settings.workerSilenceMs / 4);
  return Math.min(settings.pulseGapMs, least);
}

const WHY = {
  silent: (silenceMs: number) => `its worker was silent for ${silenceMs / 1000} s`,
  replaced: () => 'its worker started anew',
  revoked: () => 'its worker was revoked',
  deaf: () => 'its worker did not stop',
} as const satisfies Record<Orphan['why'], (silenceMs: number) => string>;
