import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { submission } from './runs.ts';
import { id, idOrNull, instant, instantOrNull, textOrNull } from './schemas.ts';
import { name } from './worker.ts';

const catchUp = Type.Union([Type.Literal('none'), Type.Literal('latest'), Type.Literal('all')]);
const overlap = Type.Union([
  Type.Literal('allow'),
  Type.Literal('skip'),
  Type.Literal('queue_one'),
  Type.Literal('cancel_running'),
  Type.Literal('cancel_oldest'),
  Type.Literal('refuse_new'),
]);

/** What is submitted at each planned instant: it says nothing of its own about when. */
const repeated = Type.Omit(submission, [
  'idempotency_key',
  'run_at',
  'delay_seconds',
  'deadline',
  'parent_run_id',
  'on_parent_end',
]);

export const scheduleOptions = {
  /** Instants that passed while nobody could submit: none is made up for, the latest, or all up to `catch_up_max`. */
  catch_up: Type.Optional(catchUp),
  catch_up_max: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
  /** When the run of the instant before is not over. */
  overlap: Type.Optional(overlap),
  /** With `skip`, `cancel_oldest` and `refuse_new`: so many may go on. 1 unless said. */
  overlap_max: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
  /** Each run is put off by up to so much, always the same for one instant. */
  jitter_seconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 3_600 })),
};

export const cron = Type.String({ minLength: 1, maxLength: 200 });
/** IANA, such as `Europe/Berlin`. */
export const timeZone = Type.String({ minLength: 1, maxLength: 100 });

const schedule = Type.Object({
  id,
  name: Type.String(),
  project_id: id,
  cron: Type.String(),
  time_zone: Type.String(),
  submission: Type.Unknown(),
  catch_up: catchUp,
  catch_up_max: Type.Integer(),
  overlap,
  overlap_max: Type.Integer(),
  jitter_seconds: Type.Number(),
  paused: Type.Boolean(),
  /** Null: it is paused, or has no instant any more. */
  next_at: instantOrNull,
  created_by: Type.String(),
  created_at: instant,
});

/** Name or id. */
const ofSchedule = Type.Object({ schedule: Type.String({ minLength: 1, maxLength: 100 }) });

export const createSchedule = endpoint({
  id: 'runs.createSchedule',
  method: 'POST',
  path: '/api/v1/schedules',
  surface: 'own',
  summary: 'Submit a run at every instant of a cron expression',
  permission: 'schedule:write',
  audit: 'record',
  body: Type.Object({
    name,
    /** Five fields: minute, hour, day of month, month, day of week; or `@daily` and the like. */
    cron,
    /** UTC unless said. */
    time_zone: Type.Optional(timeZone),
    submission: repeated,
    ...scheduleOptions,
  }),
  output: schedule,
  status: 201,
});

export const listSchedules = endpoint({
  id: 'runs.listSchedules',
  method: 'GET',
  path: '/api/v1/schedules',
  surface: 'own',
  summary: 'List schedules',
  permission: 'schedule:read',
  audit: 'read',
  output: Type.Object({ schedules: Type.Array(schedule) }),
});

export const getSchedule = endpoint({
  id: 'runs.getSchedule',
  method: 'GET',
  path: '/api/v1/schedules/{schedule}',
  surface: 'own',
  summary: 'Read a schedule',
  permission: 'schedule:read',
  audit: 'read',
  params: ofSchedule,
  output: schedule,
});

export const updateSchedule = endpoint({
  id: 'runs.updateSchedule',
  method: 'PATCH',
  path: '/api/v1/schedules/{schedule}',
  surface: 'own',
  summary: 'Change a schedule; its next instant is counted from now',
  permission: 'schedule:write',
  audit: 'record',
  params: ofSchedule,
  body: Type.Object({
    cron: Type.Optional(cron),
    time_zone: Type.Optional(timeZone),
    submission: Type.Optional(repeated),
    ...scheduleOptions,
    /** A paused schedule fires nothing, and makes up for nothing afterwards. */
    paused: Type.Optional(Type.Boolean()),
  }),
  output: schedule,
});

export const deleteSchedule = endpoint({
  id: 'runs.deleteSchedule',
  method: 'DELETE',
  path: '/api/v1/schedules/{schedule}',
  surface: 'own',
  summary: 'Delete a schedule and the history of its firings; its runs stay',
  permission: 'schedule:write',
  audit: 'record',
  params: ofSchedule,
  output: Type.Object({ id, deleted: Type.Literal(true) }),
});

export const triggerSchedule = endpoint({
  id: 'runs.triggerSchedule',
  method: 'POST',
  path: '/api/v1/schedules/{schedule}/trigger',
  surface: 'own',
  summary: 'Submit its run now, whatever else is running',
  permission: 'schedule:write',
  audit: 'record',
  params: ofSchedule,
  output: Type.Object({ run_id: id }),
  status: 201,
});

export const previewSchedule = endpoint({
  id: 'runs.previewSchedule',
  method: 'GET',
  path: '/api/v1/schedules/{schedule}/next',
  surface: 'own',
  summary: 'The next instants of a schedule, whether it is paused or not',
  permission: 'schedule:read',
  audit: 'read',
  params: ofSchedule,
  query: Type.Object({ count: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })) }),
  output: Type.Object({ time_zone: Type.String(), instants: Type.Array(instant) }),
});

export const listFirings = endpoint({
  id: 'runs.listFirings',
  method: 'GET',
  path: '/api/v1/schedules/{schedule}/firings',
  surface: 'own',
  summary: 'What has become of the planned instants of a schedule, newest first',
  permission: 'schedule:read',
  audit: 'read',
  params: ofSchedule,
  query: Type.Object({ limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })) }),
  output: Type.Object({
    firings: Type.Array(
      Type.Object({
        planned_at: instant,
        fired_at: instant,
        how: Type.Union([
          Type.Literal('submitted'),
          /** The run before was not over. */
          Type.Literal('skipped'),
          /** Too late, and not made up for. */
          Type.Literal('missed'),
          /** Waits for the run before. */
          Type.Literal('held'),
          /** Its submission is not accepted any more, or its rule refuses what is too many. */
          Type.Literal('refused'),
        ]),
        run_id: idOrNull,
        error: textOrNull,
      }),
    ),
  }),
});
