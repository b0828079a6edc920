import { type Static, Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { orNull, textOrNull } from './schemas.ts';
import { labelName, labels, labelValue, model, pool } from './tags.ts';

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
