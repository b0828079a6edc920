import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { runState } from './runs.ts';
import { id, textOrNull } from './schemas.ts';

/** Why a run is where it is. */
const placement = Type.Object({
  run_id: id,
  state: runState,
  /** The weightiest first. Codes are stable, more may come; the texts are for people. */
  reasons: Type.Array(Type.Object({ code: Type.String(), text: Type.String() })),
  /** Workers that may have it, as they are recorded. */
  workers_matching: Type.Integer(),
  /** Those that lack least, and what they lack; of a queued run. */
  nearest: Type.Array(
    Type.Object({
      worker_id: id,
      name: Type.String(),
      pool: Type.String(),
      active_runs: Type.Integer(),
      max_concurrent: Type.Integer(),
      lacks: Type.Array(Type.String()),
    }),
  ),
});

const ofRun = Type.Object({ run_id: id });

export const explainRun = endpoint({
  id: 'runs.explainRun',
  method: 'GET',
  path: '/api/v1/runs/{run_id}/placement',
  surface: 'own',
  summary: 'Say why a run is not running, and which workers come nearest',
  permission: 'run:read',
  audit: 'read',
  params: ofRun,
  output: placement,
});

export const explainTask = endpoint({
  id: 'fleet.explainTask',
  method: 'GET',
  path: '/api/v1/fleet/tasks/{run_id}/placement',
  surface: 'fleet',
  summary: 'Say why a run is not running, and which workers come nearest',
  permission: 'run:read',
  audit: 'read',
  params: ofRun,
  output: placement,
});

export const listPending = endpoint({
  id: 'fleet.listPending',
  method: 'GET',
  path: '/api/v1/fleet/pending',
  surface: 'own',
  summary: 'List what waits, by requirement, and why nobody can serve some of it',
  permission: 'run:read',
  audit: 'read',
  output: Type.Object({
    queues: Type.Array(
      Type.Object({
        project_id: id,
        pool: Type.String(),
        model: textOrNull,
        labels: Type.Record(Type.String(), Type.String()),
        selectors: Type.Array(Type.String()),
        pending: Type.Integer(),
        /** False: there are more, which were not counted. */
        pending_counted: Type.Boolean(),
        unmatchable: Type.Boolean(),
        /** Of an unmatchable one. */
        reason: textOrNull,
      }),
    ),
  }),
});
