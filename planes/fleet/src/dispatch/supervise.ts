import type { FleetParts } from '../parts.ts';
import { patienceMs } from '../workers/judge-silence.ts';
import { readSilence } from '../workers/silence.sql.ts';
import { beatPulse, findOrphans, findOverdue, type Orphan, takeBack } from './leases.sql.ts';
import { expireRuns } from './queue.sql.ts';

const BATCH = 500;

/** One round of the supervisor. */
export async function supervise(parts: FleetParts, signal: AbortSignal): Promise<void> {
  const { db, dispatch, settings, meters, watch } = parts;
  // Asked first: a round after a gap must not blame workers for the silence of the server.
  const upSince = await beatPulse(dispatch, pulseGapMs(settings));
  const { anyLease, ...silence } = await readSilence(dispatch, {
    silenceMs: settings.workerSilenceMs,
    upSince,
  });
  const silenceMs = patienceMs(silence, settings);
  if (silenceMs > settings.workerSilenceMs) {
    meters.massSilence();
    parts.log.warn('many workers are silent at once: they are given as long again', { ...silence });
  }
  while (anyLease) {
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
  while (anyLease) {
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
