import { newId } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { type Caller, found, implement, type Route } from '@sagewai/http';
import { boundProject } from '@sagewai/identity';
import type { Tx } from '@sagewai/postgres';
import { nameActor } from '@sagewai/trust';
import {
  createSchedule,
  deleteSchedule,
  getSchedule,
  listFirings,
  listSchedules,
  type OrganizationId,
  type OutputOf,
  previewSchedule,
  triggerSchedule,
  updateSchedule,
} from '@sagewai/wire';

import type { FleetParts } from '../parts.ts';
import type { Submission } from '../runs/submissions.ts';
import { openSchedule, sealSchedule } from '../secrecy/schedule-contents.ts';
import { instantsAfter } from './cron.ts';
import { triggerSchedule as trigger } from './fire-schedule.ts';
import { demandSchedule, demandTable, nextOf, scheduleOptionsOf } from './keep-schedule.ts';
import {
  deleteSchedule as remove,
  findSchedule,
  insertSchedule,
  listFirings as readFirings,
  listSchedules as readSchedules,
  lockSchedule,
  type Schedule,
  updateSchedule as change,
} from './schedules.sql.ts';

const FIRINGS = 50;
const NEXT = 5;
const NONE = 'There is no such schedule.';
const GONE = { unreadable: 'its key is gone' };

interface Within {
  readonly tx: Tx;
  readonly orgId: OrganizationId;
  readonly caller: Caller;
}

/** Runs that are submitted again and again. */
export function scheduleRoutes(parts: FleetParts): Route[] {
  const { clock, contentKeys } = parts;

  const opened = async (tx: Tx, schedule: Schedule) => {
    const seen = await openSchedule(contentKeys, tx, schedule);
    if (seen !== null) return toWire(seen);
    return toWire({ ...schedule, submission: { ...schedule.submission, payload: GONE } });
  };

  return [
    implement(createSchedule, async ({ tx, orgId, caller, body, audit }) => {
      const { projectId } = caller;
      if (projectId === null) throw new Fault('project.missing', 'the caller has no project');
      const options = scheduleOptionsOf(body);
      demandTable(options);
      const schedule = {
        ...options,
        id: newId(),
        orgId,
        projectId,
        name: body.name,
        submission: body.submission as Submission,
        paused: false,
        plannedAt: nextOf(parts, options, false),
        heldAt: null,
        createdBy: nameActor(caller),
        sealed: null,
        triggerId: null,
      } as const;
      await demandSchedule(parts, schedule);
      audit.about(`schedule:${schedule.id}`, { name: body.name, cron: body.cron });
      if (!(await insertSchedule(tx, await sealSchedule(contentKeys, schedule)))) {
        throw new Fault('resource.exists', 'the name of a schedule is taken', {
          detail: `The project has a schedule ${body.name}.`,
        });
      }
      return opened(tx, await demand({ tx, orgId, caller }, schedule.id));
    }),

    implement(listSchedules, async ({ tx, orgId, caller }) => ({
      schedules: await Promise.all(
        (await readSchedules(tx, orgId, boundProject(caller))).map((one) => opened(tx, one)),
      ),
    })),

    implement(getSchedule, async ({ tx, orgId, caller, params }) =>
      opened(tx, await demand({ tx, orgId, caller }, params.schedule)),
    ),

    implement(updateSchedule, async ({ tx, orgId, caller, params, body, audit }) => {
      const { id } = await demand({ tx, orgId, caller }, params.schedule);
      const locked = await demandLocked(tx, id);
      const old = (await openSchedule(contentKeys, tx, locked)) ?? locked;
      const options = scheduleOptionsOf(body, old);
      const paused = body.paused ?? old.paused;
      const changed: Schedule = {
        ...old,
        ...options,
        submission: (body.submission as Submission | undefined) ?? old.submission,
        paused,
      };
      // What cannot be read any more is what it was, unless it is replaced.
      const isLost = old.sealed !== null && body.submission === undefined;
      if (!isLost) await demandSchedule(parts, changed);
      audit.about(`schedule:${id}`, { cron: options.cron, paused });
      const kept = isLost ? changed : await sealSchedule(contentKeys, changed);
      await change(tx, { ...kept, plannedAt: nextOf(parts, options, paused) });
      return opened(tx, await demand({ tx, orgId, caller }, id));
    }),

    implement(
      deleteSchedule,
      async ({ tx, orgId, caller, params, audit }): Promise<OutputOf<typeof deleteSchedule>> => {
        const { id, name } = await demand({ tx, orgId, caller }, params.schedule);
        audit.about(`schedule:${id}`, { name });
        await remove(tx, id);
        return { id, deleted: true };
      },
    ),

    implement(triggerSchedule, async ({ tx, orgId, caller, params, audit }) => {
      const { id } = await demand({ tx, orgId, caller }, params.schedule);
      const schedule = await demandLocked(tx, id);
      audit.about(`schedule:${id}`);
      const runId = await trigger(parts, tx, { schedule, now: clock.now() });
      if (runId === null) throw busy();
      return { run_id: runId };
    }),

    implement(previewSchedule, async ({ tx, orgId, caller, params, query }) => {
      const schedule = await demand({ tx, orgId, caller }, params.schedule);
      const instants = instantsAfter(schedule, clock.now(), query.count ?? NEXT);
      return {
        time_zone: schedule.timeZone,
        instants: instants.map((at) => at.toISOString()),
      };
    }),

    implement(listFirings, async ({ tx, orgId, caller, params, query }) => {
      const { id } = await demand({ tx, orgId, caller }, params.schedule);
      const firings = await readFirings(tx, id, query.limit ?? FIRINGS);
      return {
        firings: firings.map(({ plannedAt, firedAt, how, runId, error }) => ({
          planned_at: plannedAt.toISOString(),
          fired_at: firedAt.toISOString(),
          how,
          run_id: runId,
          error,
        })),
      };
    }),
  ];
}

async function demand({ tx, orgId, caller }: Within, named: string): Promise<Schedule> {
  const bound = boundProject(caller);
  const schedule = await findSchedule(tx, { orgId, projectId: caller.projectId, named });
  return found(bound === null || schedule?.projectId === bound ? schedule : null, NONE);
}

/** Nobody fires it meanwhile. */
async function demandLocked(tx: Tx, id: string): Promise<Schedule> {
  const locked = await lockSchedule(tx, id);
  if (locked === null) throw busy();
  return locked.schedule;
}

function busy(): Fault {
  return new Fault('service.busy', 'a schedule is firing just now', {
    detail: 'The schedule is firing just now; ask again.',
  });
}

function toWire(schedule: Schedule): OutputOf<typeof getSchedule> {
  return {
    id: schedule.id,
    name: schedule.name,
    project_id: schedule.projectId,
    cron: schedule.cron,
    time_zone: schedule.timeZone,
    submission: schedule.submission,
    catch_up: schedule.catchUp,
    catch_up_max: schedule.catchUpMax,
    overlap: schedule.overlap,
    overlap_max: schedule.overlapMax,
    jitter_seconds: schedule.jitterMs / 1_000,
    paused: schedule.paused,
    next_at: schedule.plannedAt?.toISOString() ?? null,
    created_by: schedule.createdBy,
    created_at: schedule.createdAt.toISOString(),
  };
}
