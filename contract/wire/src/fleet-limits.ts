import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { id, idOrNull, instantOrNull, orNull, textOrNull } from './schemas.ts';
import { pool } from './tags.ts';

const projectName = Type.String({ minLength: 1, maxLength: 100 });
const count = Type.Integer({ minimum: 1, maximum: 1_000_000_000 });

/** No more than `count` runs start in any stretch of `per_seconds`. */
const maxStarts = Type.Object({
  count: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
  per_seconds: Type.Integer({ minimum: 1, maximum: 86_400 }),
});

/** null: no limit. */
const poolLimits = {
  /** Runs that may wait; a submission beyond it answers 429 and stores nothing. */
  max_queued: orNull(Type.Integer({ minimum: 0, maximum: 1_000_000_000 })),
  max_starts: orNull(maxStarts),
};
const projectLimits = {
  ...poolLimits,
  /** Runs that may run at once. */
  max_running: orNull(count),
  /** What share of the workers it gets while others want some too; 1 is the usual. */
  weight: Type.Number({ minimum: 0.01, maximum: 1_000 }),
};

/** As counted last, every few seconds. */
const backlog = {
  paused: Type.Boolean(),
  /** Waits for a worker. */
  pending: Type.Integer(),
  /** Waits for something else. */
  blocked: Type.Object({ paused: Type.Integer(), cap: Type.Integer(), rate: Type.Integer() }),
  /** When the oldest that waits was submitted. */
  oldest_at: instantOrNull,
};

export const fleetProject = Type.Object({
  project_id: id,
  name: Type.String(),
  ...projectLimits,
  ...backlog,
});

export const fleetQueue = Type.Object({
  pool: Type.String(),
  /** Of one project's runs in the pool; null: of all. */
  project_id: idOrNull,
  ...poolLimits,
  ...backlog,
});

export const listFleetProjects = endpoint({
  id: 'fleet.listProjects',
  method: 'GET',
  path: '/api/v1/fleet/projects',
  surface: 'own',
  summary: 'List what each project may have waiting and running, and what waits',
  permission: 'fleet:read',
  audit: 'read',
  output: Type.Object({ projects: Type.Array(fleetProject) }),
});

export const setFleetProject = endpoint({
  id: 'fleet.setProject',
  method: 'PATCH',
  path: '/api/v1/fleet/projects/{project}',
  surface: 'own',
  summary: 'Change the weight and limits of a project; what is not said stays as it is',
  permission: 'fleet:administer',
  audit: 'record',
  params: Type.Object({ project: projectName }),
  body: Type.Partial(Type.Object(projectLimits)),
  output: Type.Object({ project_id: id, ...projectLimits, paused: Type.Boolean() }),
});

export const listQueues = endpoint({
  id: 'fleet.listQueues',
  method: 'GET',
  path: '/api/v1/fleet/queues',
  surface: 'own',
  summary: 'List what each pool may have waiting and starting, and what waits',
  permission: 'fleet:read',
  audit: 'read',
  output: Type.Object({ queues: Type.Array(fleetQueue) }),
});

export const setQueue = endpoint({
  id: 'fleet.setQueue',
  method: 'PATCH',
  path: '/api/v1/fleet/queues/{pool}',
  surface: 'own',
  summary: 'Change the limits of a pool, or of one project in it; what is not said stays as it is',
  permission: 'fleet:administer',
  audit: 'record',
  params: Type.Object({ pool }),
  body: Type.Object({
    project: Type.Optional(projectName),
    ...Type.Partial(Type.Object(poolLimits)).properties,
  }),
  output: Type.Object({
    pool: Type.String(),
    project_id: idOrNull,
    ...poolLimits,
    paused: Type.Boolean(),
  }),
});

/** One of them, or both: the project's runs in the pool. */
const place = Type.Object({
  project: Type.Optional(projectName),
  pool: Type.Optional(pool),
});
const pausing = Type.Object({
  project_id: idOrNull,
  pool: textOrNull,
  paused: Type.Boolean(),
  /** False: it was so before. */
  changed: Type.Boolean(),
});

export const pauseFleet = endpoint({
  id: 'fleet.pause',
  method: 'POST',
  path: '/api/v1/fleet/pause',
  surface: 'own',
  summary: 'Pause a project or a pool: what waits goes on waiting, what runs goes on',
  permission: 'fleet:administer',
  audit: 'record',
  body: place,
  output: pausing,
});

export const resumeFleet = endpoint({
  id: 'fleet.resume',
  method: 'POST',
  path: '/api/v1/fleet/resume',
  surface: 'own',
  summary: 'Resume a project or a pool',
  permission: 'fleet:administer',
  audit: 'record',
  body: place,
  output: pausing,
});
