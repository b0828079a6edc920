import { type Static, Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { retryPolicy } from './retry.ts';
import { id, orNull, textOrNull } from './schemas.ts';
import { labelName, labels, labelValue, model, pool, PRINTABLE_PATTERN, version } from './tags.ts';

/** How a selector compares a label. `eq` and `ne` are `in` and `not_in` with one value. */
const selectorOp = Type.Union([
  Type.Literal('in'),
  Type.Literal('not_in'),
  Type.Literal('exists'),
  Type.Literal('not_exists'),
  Type.Literal('eq'),
  Type.Literal('ne'),
  Type.Literal('gte'),
  Type.Literal('gt'),
  Type.Literal('lte'),
  Type.Literal('lt'),
]);

const SELECTORS_MAX = 16;
const SELECTOR_WEIGHT_MAX = 100;

const selector = Type.Object({
  label: labelName,
  op: selectorOp,
  /** For one value: a text, or a number for `gte`, `gt`, `lte` and `lt`. */
  value: Type.Optional(Type.Union([labelValue, Type.Number()])),
  values: Type.Optional(Type.Array(labelValue, { minItems: 1, maxItems: 32 })),
  /** False: a worker with it is preferred, and another will do. True unless said. */
  required: Type.Optional(Type.Boolean()),
  /** Of a preferred one, beside the others: 1 unless said. */
  weight: Type.Optional(Type.Integer({ minimum: 1, maximum: SELECTOR_WEIGHT_MAX })),
});
export type WireSelector = Static<typeof selector>;

export const selectors = Type.Array(selector, { maxItems: SELECTORS_MAX });

/** In any case; `-` is as good as `_`. */
const strategy = Type.String({
  description: 'DIRECT, ROUND_ROBIN, LEAST_LOADED or THRESHOLD, in any case',
  pattern:
    '^([Dd][Ii][Rr][Ee][Cc][Tt]|[Rr][Oo][Uu][Nn][Dd][-_][Rr][Oo][Bb][Ii][Nn]|' +
    '[Ll][Ee][Aa][Ss][Tt][-_][Ll][Oo][Aa][Dd][Ee][Dd]|[Tt][Hh][Rr][Ee][Ss][Hh][Oo][Ll][Dd])$',
});
const capacityThreshold = Type.Number({ minimum: 0, maximum: 1 });

const WAIT_SECONDS_MAX = 7 * 86_400;

/** Runs of a project with one key go to the worker that had the last. */
export const sticky = Type.Object({
  key: Type.String({ minLength: 1, maxLength: 200, pattern: PRINTABLE_PATTERN }),
  /** `soft`: where that one is away or full, others have it after a moment; `hard`: after the time. */
  mode: Type.Optional(Type.Union([Type.Literal('soft'), Type.Literal('hard')])),
  /** How long after the last run with the key it still counts; 600 unless said. */
  ttl_seconds: Type.Optional(Type.Number({ minimum: 0.1, maximum: WAIT_SECONDS_MAX })),
});

/** Which worker is to have a run, among those that may. */
export const routingConstraints = Type.Object({
  /** The same as `pool`. */
  worker_pool: Type.Optional(pool),
  /** The same as `labels`; both may be given. */
  worker_labels: Type.Optional(labels),
  /** DIRECT, ROUND_ROBIN, LEAST_LOADED or THRESHOLD; as the pool has it unless said. */
  strategy: Type.Optional(strategy),
  /** THRESHOLD passes by workers whose load is above it; 0.9 unless said. */
  capacity_threshold: Type.Optional(capacityThreshold),
  /** Only this worker; it must match what the run requires. */
  worker_id: Type.Optional(id),
  /** How long the run waits for it in the queue; 300 unless said. */
  worker_wait_seconds: Type.Optional(Type.Number({ minimum: 0.1, maximum: WAIT_SECONDS_MAX })),
  /** What happens then: it fails, which is so unless said, or any worker that matches may have it. */
  worker_fallback: Type.Optional(Type.Union([Type.Literal('fail'), Type.Literal('any')])),
});
export type RoutingConstraints = Static<typeof routingConstraints>;

const poolSetting = {
  /** Of runs that name none; null: DIRECT. */
  strategy: textOrNull,
  /** Of runs that name none; null: 0.9. */
  capacity_threshold: orNull(Type.Number()),
  /** Of runs that bring none; null: a failure is final unless its worker asks for another attempt. */
  retry: orNull(retryPolicy),
};

const poolState = Type.Object({
  pool: Type.String(),
  ...poolSetting,
  /** Approved workers that were heard lately. */
  workers: Type.Integer(),
  /** What they take at once, and what they have. */
  slots: Type.Integer(),
  active: Type.Integer(),
});

export const listPools = endpoint({
  id: 'fleet.listPools',
  method: 'GET',
  path: '/api/v1/fleet/pools',
  surface: 'own',
  summary: 'List the pools: their strategy, workers and load',
  permission: 'fleet:read',
  audit: 'read',
  output: Type.Object({ pools: Type.Array(poolState) }),
});

export const setPool = endpoint({
  id: 'fleet.setPool',
  method: 'PUT',
  path: '/api/v1/fleet/pools/{pool}',
  surface: 'own',
  summary: 'Say which worker of a pool gets the runs that do not say',
  permission: 'fleet:administer',
  audit: 'record',
  params: Type.Object({ pool }),
  body: Type.Object({
    strategy: Type.Optional(orNull(strategy)),
    capacity_threshold: Type.Optional(orNull(capacityThreshold)),
    retry: Type.Optional(orNull(retryPolicy)),
  }),
  output: Type.Object({ pool: Type.String(), ...poolSetting }),
});

const ramp = Type.Object({
  version: Type.String(),
  /** Of the runs submitted from then on that pin no version. */
  percent: Type.Integer(),
});

export const listVersions = endpoint({
  id: 'fleet.listVersions',
  method: 'GET',
  path: '/api/v1/fleet/versions',
  surface: 'own',
  summary: 'List which versions the workers of each pool have, and what is ramped',
  permission: 'fleet:read',
  audit: 'read',
  output: Type.Object({
    versions: Type.Array(
      Type.Object({
        pool: Type.String(),
        /** Null: workers that say none. */
        version: textOrNull,
        /** Approved workers that were heard lately. */
        workers: Type.Integer(),
        slots: Type.Integer(),
        active: Type.Integer(),
        ramp: orNull(ramp),
      }),
    ),
  }),
});

export const setRamp = endpoint({
  id: 'fleet.setRamp',
  method: 'PUT',
  path: '/api/v1/fleet/pools/{pool}/ramp',
  surface: 'own',
  summary: 'Give a version of workers a share of the runs of a pool; null ends it',
  permission: 'fleet:administer',
  audit: 'record',
  params: Type.Object({ pool }),
  body: Type.Object({
    ramp: orNull(Type.Object({ version, percent: Type.Integer({ minimum: 0, maximum: 100 }) })),
  }),
  output: Type.Object({ pool: Type.String(), ramp: orNull(ramp) }),
});

/** What every run of a project requires beside its own requirements. */
const projectRouting = Type.Object({
  /** Every run of the project requires them; none can say otherwise. */
  labels: Type.Record(Type.String(), Type.String()),
  /** For runs that name no pool. */
  pool: textOrNull,
  /** For runs that say nothing about a model. */
  model: textOrNull,
});

const ofProject = Type.Object({
  /** Name or id. */
  project: Type.String({ minLength: 1, maxLength: 100 }),
});

export const getProjectRouting = endpoint({
  id: 'fleet.getProjectRouting',
  method: 'GET',
  path: '/api/v1/fleet/projects/{project}/routing',
  surface: 'own',
  summary: 'Read what every run of a project requires',
  permission: 'fleet:read',
  audit: 'read',
  params: ofProject,
  output: projectRouting,
});

export const setProjectRouting = endpoint({
  id: 'fleet.setProjectRouting',
  method: 'PUT',
  path: '/api/v1/fleet/projects/{project}/routing',
  surface: 'own',
  summary: 'Pin a project to workers with these labels, and set its default pool and model',
  permission: 'fleet:administer',
  audit: 'record',
  params: ofProject,
  body: Type.Object({
    labels: Type.Optional(labels),
    pool: Type.Optional(orNull(pool)),
    model: Type.Optional(orNull(model)),
  }),
  output: projectRouting,
});
