import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { RUNS_PER_BATCH_MAX, submission } from './runs.ts';
import { id, idOrNull, instant, instantOrNull, textOrNull } from './schemas.ts';

/** The fleet API's words for the state of a run. A cancelled run is `failed` here, and its error says so. */
export const TASK_STATES = ['pending', 'claimed', 'completed', 'failed'] as const;
export type TaskState = (typeof TASK_STATES)[number];
const taskState = Type.Union([
  Type.Literal('pending'),
  Type.Literal('claimed'),
  Type.Literal('completed'),
  Type.Literal('failed'),
]);

const submittedTask = Type.Object({
  run_id: id,
  pool: Type.String(),
  model: textOrNull,
  created: Type.Boolean(),
  warning: Type.Optional(Type.String()),
});

export const submitTask = endpoint({
  id: 'fleet.submitTask',
  method: 'POST',
  path: '/api/v1/fleet/tasks',
  surface: 'fleet',
  summary: 'Submit a run',
  permission: 'run:submit',
  audit: 'batch',
  body: submission,
  output: submittedTask,
  status: 201,
});

export const submitTasks = endpoint({
  id: 'fleet.submitTasks',
  method: 'POST',
  path: '/api/v1/fleet/tasks/batch',
  surface: 'fleet',
  summary: 'Submit up to 1,000 runs in one transaction',
  permission: 'run:submit',
  audit: 'batch',
  body: Type.Object({
    tasks: Type.Array(submission, { minItems: 1, maxItems: RUNS_PER_BATCH_MAX }),
  }),
  output: Type.Object({ tasks: Type.Array(submittedTask) }),
  status: 201,
});

const task = Type.Object({
  run_id: id,
  status: taskState,
  project_id: id,
  pool: Type.String(),
  model: textOrNull,
  worker_id: idOrNull,
  claimed_at: instantOrNull,
  error: textOrNull,
  output: Type.Unknown(),
  reported_at: instantOrNull,
  created_at: instant,
  parent_run_id: idOrNull,
});

export const listTasks = endpoint({
  id: 'fleet.listTasks',
  method: 'GET',
  path: '/api/v1/fleet/tasks',
  surface: 'fleet',
  summary: 'List runs, newest first',
  permission: 'run:read',
  audit: 'read',
  query: Type.Object({
    status: Type.Optional(taskState),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
  }),
  output: Type.Object({ tasks: Type.Array(task) }),
});

const ofTask = Type.Object({ run_id: id });

export const getTask = endpoint({
  id: 'fleet.getTask',
  method: 'GET',
  path: '/api/v1/fleet/tasks/{run_id}',
  surface: 'fleet',
  summary: 'Read a run',
  permission: 'run:read',
  audit: 'read',
  params: ofTask,
  output: task,
});

export const cancelTask = endpoint({
  id: 'fleet.cancelTask',
  method: 'POST',
  path: '/api/v1/fleet/tasks/{run_id}/cancel',
  surface: 'fleet',
  summary: 'Cancel a run: at once while it is pending, else its worker is told to stop',
  permission: 'run:cancel',
  audit: 'record',
  params: ofTask,
  output: Type.Object({ run_id: id, status: taskState, cancel_requested: Type.Boolean() }),
});
