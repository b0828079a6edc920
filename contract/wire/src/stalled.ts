import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { id, instant, orNull } from './schemas.ts';
import { pool } from './tags.ts';

const SECONDS_MAX = 7 * 86_400;
/** How long a run may say nothing before it counts as stalled. */
export const noProgressSeconds = Type.Number({ minimum: 1, maximum: SECONDS_MAX });

export const listStalled = endpoint({
  id: 'fleet.listStalled',
  method: 'GET',
  path: '/api/v1/fleet/stalled',
  surface: 'own',
  summary: 'List runs whose worker is alive and that make no progress',
  permission: 'fleet:read',
  audit: 'read',
  query: Type.Object({ limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })) }),
  output: Type.Object({
    runs: Type.Array(
      Type.Object({
        run_id: id,
        project_id: id,
        pool: Type.String(),
        worker_id: id,
        worker_name: Type.String(),
        /** Its last event, else its claim. */
        quiet_since: instant,
        found_at: instant,
      }),
    ),
  }),
});

export const setPoolProgress = endpoint({
  id: 'fleet.setPoolProgress',
  method: 'PUT',
  path: '/api/v1/fleet/pools/{pool}/progress',
  surface: 'own',
  summary: 'Say after how long a run of a pool that tells nothing is stalled; null: never',
  permission: 'fleet:administer',
  audit: 'record',
  params: Type.Object({ pool }),
  body: Type.Object({
    no_progress_seconds: orNull(noProgressSeconds),
    /** Whether such a run goes to another worker; false unless said. */
    requeue: Type.Optional(Type.Boolean()),
  }),
  output: Type.Object({
    pool: Type.String(),
    no_progress_seconds: orNull(Type.Number()),
    requeue: Type.Boolean(),
  }),
});
