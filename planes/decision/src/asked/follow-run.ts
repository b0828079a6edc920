import { setTimeout as delay } from 'node:timers/promises';

import type { RunDetail } from '@sagewai/fleet';
import { found } from '@sagewai/http';
import { inTenant } from '@sagewai/postgres';
import type { OrganizationId, ProjectId, RunId } from '@sagewai/wire';

import type { DecisionParts } from '../parts.ts';
import { readTimelineMarks } from '../timeline-marks.ts';

const ENDS: ReadonlySet<string> = new Set(['completed', 'failed', 'cancelled']);
/** A run that journals a thousand steps a second is looked at ten times in it. */
const PAUSE_MS = 100;
const TELL_EVERY_MS = 10_000;

export type FollowParts = Pick<DecisionParts, 'db' | 'clock' | 'watch' | 'readRun'>;

/** Of whom a run is asked about: of another project it is not there. */
export interface RunOfProject {
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId;
  readonly runId: RunId;
}

export const hasEnded = ({ state }: Pick<RunDetail, 'state'>): boolean => ENDS.has(state);

export async function readAsked(
  { readRun }: Pick<FollowParts, 'readRun'>,
  { orgId, projectId, runId }: RunOfProject,
): Promise<RunDetail> {
  const run = await readRun(orgId, runId);
  return found(run?.projectId === projectId ? run : null, 'There is no such run.');
}

/** A run until it ends, the time is up, or the signal aborts; `tell` hears of each state, and that there is more. */
export async function followRun(
  parts: FollowParts,
  of: RunOfProject & {
    readonly waitMs: number;
    readonly signal: AbortSignal;
    readonly tell: (run: RunDetail) => void;
  },
): Promise<RunDetail> {
  const { db, clock, watch } = parts;
  const { orgId, runId, signal, tell } = of;
  const untilMs = clock.monotonicMs() + of.waitMs;
  for (;;) {
    // The mark first: what comes after it wakes.
    const [seen] = await inTenant(db, [orgId], (tx) => readTimelineMarks(tx, [runId]));
    const run = await readAsked(parts, of);
    const leftMs = untilMs - clock.monotonicMs();
    if (hasEnded(run) || leftMs <= 0 || signal.aborted) return run;
    tell(run);
    const waitMs = Math.min(leftMs, TELL_EVERY_MS);
    await watch.wait({ orgId, runId, known: seen?.mark ?? '', waitMs, signal });
    // It may be over by then: what was aborted is seen at the top.
    if (!signal.aborted) await delay(PAUSE_MS);
  }
}
