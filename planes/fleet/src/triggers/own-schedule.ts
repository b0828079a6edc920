import { newId } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import type { Tx } from '@sagewai/postgres';
import type { CronOptions, OrganizationId, ProjectId, TriggeredRun } from '@sagewai/wire';

import type { FleetParts } from '../parts.ts';
import type { Submission } from '../runs/submissions.ts';
import {
  demandSchedule,
  demandTable,
  nextOf,
  scheduleOptionsOf,
} from '../schedules/keep-schedule.ts';
import {
  deleteSchedule,
  findSchedule,
  insertSchedule,
  lockSchedule,
  type Schedule,
  updateSchedule,
} from '../schedules/schedules.sql.ts';
import { openSchedule, sealSchedule } from '../secrecy/schedule-contents.ts';
import type { TriggerRow } from './trigger.ts';

interface NewOwned {
  /** Of the trigger. */
  readonly id: string;
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId;
  readonly name: string;
  readonly createdBy: string;
  readonly cron: CronOptions;
  readonly run: TriggeredRun;
  readonly enabled: boolean;
}

/** A cron trigger is a schedule by another name: it has what its schedule has, and nothing beside it. */
export interface OwnedSchedule {
  /** Returns its id. */
  create(tx: Tx, owned: NewOwned): Promise<string>;
  read(tx: Tx, trigger: TriggerRow): Promise<Schedule | null>;
  change(
    tx: Tx,
    trigger: TriggerRow,
    to: {
      readonly name: string;
      readonly cron: Partial<CronOptions>;
      readonly run: TriggeredRun | undefined;
    },
  ): Promise<void>;
  setPaused(tx: Tx, trigger: TriggerRow, paused: boolean): Promise<void>;
  remove(tx: Tx, id: string): Promise<void>;
}

export function ownSchedule(parts: FleetParts): OwnedSchedule {
  const { contentKeys } = parts;
  const lock = async (tx: Tx, { scheduleId }: TriggerRow): Promise<Schedule> => {
    const locked = await lockSchedule(tx, scheduleId ?? '');
    if (locked !== null)
      return (await openSchedule(contentKeys, tx, locked.schedule)) ?? locked.schedule;
    throw new Fault('service.busy', 'a schedule is firing just now', {
      detail: 'The trigger is firing just now; ask again.',
    });
  };
  const keep = async (tx: Tx, schedule: Schedule): Promise<void> => {
    await demandSchedule(parts, schedule);
    const plannedAt = nextOf(parts, schedule, schedule.paused);
    await updateSchedule(tx, { ...(await sealSchedule(contentKeys, schedule)), plannedAt });
  };
  return {
    create: async (tx, { id: triggerId, cron, run, enabled, ...common }) => {
      const options = scheduleOptionsOf(cron);
      demandTable(options);
      const schedule = {
        ...common,
        ...options,
        id: newId(),
        submission: run as Submission,
        paused: !enabled,
        plannedAt: nextOf(parts, options, !enabled),
        heldAt: null,
        sealed: null,
        triggerId,
      };
      await demandSchedule(parts, schedule);
      if (await insertSchedule(tx, await sealSchedule(contentKeys, schedule))) return schedule.id;
      throw new Fault('resource.exists', 'the name of a schedule is taken', {
        detail: `The project has a schedule ${common.name}.`,
      });
    },
    read: async (tx, { orgId, projectId, scheduleId }) => {
      if (scheduleId === null) return null;
      const schedule = await findSchedule(tx, { orgId, projectId, named: scheduleId });
      return schedule && ((await openSchedule(contentKeys, tx, schedule)) ?? schedule);
    },
    change: async (tx, trigger, { name, cron, run }) => {
      const old = await lock(tx, trigger);
      const submission = (run as Submission | undefined) ?? old.submission;
      await keep(tx, { ...old, ...scheduleOptionsOf(cron, old), name, submission });
    },
    setPaused: async (tx, trigger, paused) => {
      await keep(tx, { ...(await lock(tx, trigger)), paused });
    },
    remove: deleteSchedule,
  };
}
