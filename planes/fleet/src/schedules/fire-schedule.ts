/**
 * Schedules, and how they fire.
 *
 *   S1. Every planned instant of a schedule submits at most one run, whatever leads and whatever dies: the
 *       run, the record of the firing and the next instant are one transaction, and the record's key is the
 *       instant.
 *   S2. An instant that has passed is dealt with: it has fired, or its record says why not.
 */
import { Fault } from '@sagewai/fault';
import type { Tx } from '@sagewai/postgres';
import { PROBLEMS, type RunId } from '@sagewai/wire';

import { cancelTrees, submitRuns } from '../dispatch/queue.sql.ts';
import type { FleetParts } from '../parts.ts';
import { belowOf, recordBelow } from '../runs/children.sql.ts';
import { recordCancelled } from '../runs/record-cancelled.ts';
import type { NewRun } from '../runs/run.ts';
import { openSchedule } from '../secrecy/schedule-contents.ts';
import { actorOf } from '../triggers/trigger.ts';
import { decideInstants, jitterOf } from './catch-up.ts';
import { instantsAfter, instantsBetween } from './cron.ts';
import { decideOverlap } from './decide-overlap.ts';
import {
  insertFiring,
  listActiveRuns,
  lockSchedule,
  planNext,
  releaseFiring,
  type Schedule,
} from './schedules.sql.ts';

type Made =
  | { readonly kind: 'run'; readonly run: NewRun }
  | { readonly kind: 'refused'; readonly why: string };

/** Deals with what is due of one schedule. */
export async function fireSchedule(parts: FleetParts, tx: Tx, id: string): Promise<void> {
  const locked = await lockSchedule(tx, id);
  if (locked === null) return;
  const { schedule, now } = locked;
  const { plannedAt } = schedule;
  let heldAt = schedule.heldAt;
  if (heldAt !== null && (await letGo(parts, tx, schedule, heldAt))) heldAt = null;
  if (plannedAt === null || plannedAt > now) {
    const dueAt = dueOf(plannedAt, heldAt === null ? null : later(now, parts));
    return planNext(tx, schedule, { plannedAt, heldAt, dueAt });
  }
  const { catchUp: rule, catchUpMax: max } = schedule;
  const passed = instantsBetween(schedule, { from: plannedAt, to: now, count: max + 1 });
  const lateMs = parts.settings.scheduleLateMs;
  for (const { at, verdict } of decideInstants(passed, now, { rule, max, lateMs })) {
    if (verdict === 'miss') await insertFiring(tx, { schedule, at, how: 'missed' });
    else if ((await fire(parts, tx, schedule, { at, isHolding: heldAt !== null })) === 'held')
      heldAt = at;
  }
  const [next = null] = instantsAfter(schedule, now, 1);
  const dueAt = dueOf(next, heldAt === null ? null : later(now, parts));
  await planNext(tx, schedule, { plannedAt: next, heldAt, dueAt });
}

/** Submits its run at once, as its next firing. */
export async function triggerSchedule(
  parts: FleetParts,
  tx: Tx,
  { schedule, now }: { readonly schedule: Schedule; readonly now: Date },
): Promise<RunId | null> {
  if (schedule.overlap === 'refuse_new') {
    const active = await listActiveRuns(tx, schedule.id);
    const decided = decideOverlap(schedule, { active: active.length, isHolding: false });
    if (decided.kind === 'refuse') {
      throw new Fault('state.conflict', 'a schedule refuses a run', { detail: `${decided.why}.` });
    }
  }
  const made = await make(parts, tx, schedule, { at: now, jitterMs: 0 });
  if (made.kind === 'refused') throw new Fault('state.conflict', made.why, { detail: made.why });
  const { runId } = made.run;
  if (!(await insertFiring(tx, { schedule, at: now, how: 'submitted', runId }))) return null;
  await submit(parts, tx, made.run);
  return runId;
}

async function fire(
  parts: FleetParts,
  tx: Tx,
  schedule: Schedule,
  { at, isHolding }: { readonly at: Date; readonly isHolding: boolean },
): Promise<'held' | 'done'> {
  const active = schedule.overlap === 'allow' ? [] : await listActiveRuns(tx, schedule.id);
  const decided = decideOverlap(schedule, { active: active.length, isHolding });
  if (decided.kind === 'skip') {
    await insertFiring(tx, { schedule, at, how: 'skipped' });
    return 'done';
  }
  if (decided.kind === 'hold') {
    return (await insertFiring(tx, { schedule, at, how: 'held' })) ? 'held' : 'done';
  }
  const made: Made =
    decided.kind === 'refuse'
      ? { kind: 'refused', why: decided.why }
      : await make(parts, tx, schedule, { at, jitterMs: schedule.jitterMs });
  if (made.kind === 'refused') {
    await insertFiring(tx, { schedule, at, how: 'refused', error: made.why });
    return 'done';
  }
  const { runId } = made.run;
  if (!(await insertFiring(tx, { schedule, at, how: 'submitted', runId }))) return 'done';
  const gone = decided.kind === 'submit' ? active.slice(0, decided.cancel) : [];
  const cancelled = gone.length === 0 ? [] : await cancelTrees(tx, gone);
  tx.onCommit(() => {
    for (const earlier of cancelled) parts.watch.touch(earlier.runId);
  });
  await submit(parts, tx, made.run);
  const { orgId, id } = schedule;
  await recordCancelled(tx, { orgId, actor: `schedule:${id}` }, cancelled);
  await recordBelow(tx, belowOf(cancelled));
  return 'done';
}

/** True: nothing is held any more. */
async function letGo(parts: FleetParts, tx: Tx, schedule: Schedule, at: Date): Promise<boolean> {
  const { id: scheduleId } = schedule;
  if ((await listActiveRuns(tx, scheduleId)).length > 0) return false;
  const made = await make(parts, tx, schedule, { at, jitterMs: 0 });
  if (made.kind === 'refused') {
    await releaseFiring(tx, { scheduleId, at, how: 'refused', runId: null, error: made.why });
    return true;
  }
  const { runId } = made.run;
  if (await releaseFiring(tx, { scheduleId, at, how: 'submitted', runId, error: null })) {
    await submit(parts, tx, made.run);
  }
  return true;
}

async function make(
  { submissions, contentKeys }: FleetParts,
  tx: Tx,
  stored: Schedule,
  { at, jitterMs }: { readonly at: Date; readonly jitterMs: number },
): Promise<Made> {
  const schedule = await openSchedule(contentKeys, tx, stored);
  if (schedule === null) return { kind: 'refused', why: 'its payload cannot be read any more' };
  const { id, orgId, projectId, submission, triggerId } = schedule;
  const waitMs = jitterOf(id, at, jitterMs);
  const asked =
    waitMs === 0
      ? submission
      : { ...submission, run_at: new Date(at.getTime() + waitMs).toISOString() };
  try {
    const { runs } = await submissions.prepare([asked], {
      orgId,
      projectId,
      actor: triggerId === null ? `schedule:${id}` : actorOf(triggerId),
    });
    const [run] = runs;
    return run === undefined ? { kind: 'refused', why: 'nothing was made' } : { kind: 'run', run };
  } catch (error) {
    // What the project allows may have changed since; a database that is away is no reason to give up.
    if (error instanceof Fault && PROBLEMS[error.code].retry === 'never') {
      return { kind: 'refused', why: error.detail };
    }
    throw error;
  }
}

async function submit({ submissions }: FleetParts, tx: Tx, run: NewRun): Promise<void> {
  await submissions.takeRoom(1);
  await submitRuns(tx, [run]);
  tx.onCommit(() => submissions.tell([run]));
}

const later = (now: Date, { settings }: FleetParts): Date =>
  new Date(now.getTime() + settings.scheduleEveryMs);

function dueOf(planned: Date | null, held: Date | null): Date | null {
  if (planned === null) return held;
  return held === null || planned < held ? planned : held;
}
