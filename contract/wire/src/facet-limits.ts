import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { limitFields } from './ledger.ts';
import { orNull, textOrNull } from './schemas.ts';

const scopeKind = Type.Union([
  Type.Literal('organization'),
  Type.Literal('project'),
  Type.Literal('team'),
  Type.Literal('person'),
  Type.Literal('key'),
]);
/** By what calls of one scope are told apart. */
const facet = Type.Union([
  Type.Literal('model'),
  Type.Literal('session'),
  Type.Literal('agent'),
  Type.Literal('tag'),
  Type.Literal('end_user'),
]);
const name = Type.String({ minLength: 1, maxLength: 300, pattern: '^[^\\u0000-\\u001f\\u007f]*$' });

const facetLimit = Type.Object({
  scope_kind: scopeKind,
  scope_id: Type.String(),
  facet,
  /** Null: of each that has no limit of its own. */
  name: textOrNull,
  ...limitFields,
});

export const listFacetLimits = endpoint({
  id: 'gateway.listFacetLimits',
  method: 'GET',
  path: '/api/v1/facet-limits',
  surface: 'own',
  summary:
    'List the limits of parts of scopes: of a model, session, agent, tag or end user, or of each',
  permission: 'spend:read',
  audit: 'read',
  query: Type.Object({
    scope_kind: Type.Optional(scopeKind),
    scope_id: Type.Optional(Type.String({ maxLength: 100 })),
    facet: Type.Optional(facet),
    name: Type.Optional(name),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
    page: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000 })),
  }),
  output: Type.Object({ limits: Type.Array(facetLimit), has_more: Type.Boolean() }),
});

/** Where the parts stand: `GET /api/v1/budgets?scope_kind=session`. */
export const setFacetLimit = endpoint({
  id: 'gateway.setFacetLimit',
  method: 'PUT',
  path: '/api/v1/facet-limits/{scope_kind}/{scope_id}/{facet}',
  surface: 'own',
  summary: 'Replace the limits of a part of a scope, or of each; without any they are taken away',
  permission: 'budget:write',
  audit: 'record',
  params: Type.Object({
    scope_kind: scopeKind,
    scope_id: Type.String({ minLength: 1, maxLength: 100 }),
    facet,
  }),
  body: Type.Object({
    name: Type.Optional(orNull(name)),
    ...Type.Partial(Type.Object(limitFields)).properties,
  }),
  output: facetLimit,
});
