import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import type { BatchRecord } from './evidence.ts';
import { id, idOrNull, instant, orNull, textOrNull } from './schemas.ts';

const because = Type.String({ description: 'a status, or a word for it' });

/** How a call found its way. */
const routingDecision = Type.Object({
  /** Of the call: its spend row and `x-litellm-call-id` have the same. */
  id,
  project_id: id,
  key_id: idOrNull,
  run_id: idOrNull,
  at: instant,
  /** As the caller spelt it. */
  requested_model: Type.String(),
  /** That answered, or was tried last. */
  model: Type.String(),
  deployment: Type.String(),
  /** The adapter that spoke to the provider. */
  provider: textOrNull,
  /** Its name of the model, and a digest of what decided answers and prices then; null: of before there were any. */
  profile: textOrNull,
  trace_id: textOrNull,
  /** What the decision was made by, in the order in which it applied. */
  rules: Type.Array(Type.String()),
  /** How far its data may go, where the call or its key says so. */
  data_classification: textOrNull,
  /** Of a request that left its model open: how complex it seemed. */
  complexity: orNull(
    Type.Object({
      tier: Type.String(),
      score: Type.Number(),
      confidence: Type.Number(),
      reason: Type.String(),
    }),
  ),
  strategy: textOrNull,
  /** By which the deployment was the best, in the strategy's own unit; the lower the better. */
  score: orNull(Type.Number()),
  fallback_index: Type.Integer({ minimum: 0 }),
  candidates_refused: Type.Array(
    Type.Object({ model: Type.String(), deployment: textOrNull, because }),
  ),
  /** That failed; the one that answered is the call itself. */
  attempts: Type.Array(
    Type.Object({
      deployment: Type.String(),
      because,
      /** The spend row of what it may have cost; null: nothing. */
      call_id: idOrNull,
    }),
  ),
});

const filters = {
  project_id: Type.Optional(id),
  key_id: Type.Optional(id),
  run_id: Type.Optional(id),
  model: Type.Optional(Type.String({ maxLength: 300 })),
  deployment: Type.Optional(Type.String({ maxLength: 300 })),
  trace_id: Type.Optional(Type.String({ pattern: '^[0-9a-f]{32}$' })),
  fell_back: Type.Optional(Type.Boolean()),
  since: Type.Optional(instant),
  until: Type.Optional(instant),
};

export const listRoutingDecisions = endpoint({
  id: 'ledger.listRoutingDecisions',
  method: 'GET',
  path: '/api/v1/routing-decisions',
  surface: 'own',
  summary: 'List how model calls found their way, newest first',
  permission: 'spend:read',
  audit: 'read',
  query: Type.Object({
    ...filters,
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
    cursor: Type.Optional(Type.String({ maxLength: 100 })),
  }),
  output: Type.Object({ decisions: Type.Array(routingDecision), next_cursor: textOrNull }),
});

export const getRoutingDecision = endpoint({
  id: 'ledger.getRoutingDecision',
  method: 'GET',
  path: '/api/v1/routing-decisions/{call_id}',
  surface: 'own',
  summary: 'Read how one model call found its way',
  permission: 'spend:read',
  audit: 'read',
  params: Type.Object({ call_id: id }),
  output: routingDecision,
});

/** The record of kind `call.routed`; a batch has them in the order of id. */
export const routedCallRecord = (call: {
  readonly id: string;
  /** The text of the decision, as it was kept. */
  readonly decision: string;
}): BatchRecord => [call.id, call.decision];

const models = Type.Array(Type.String());

export const explainRoute = endpoint({
  id: 'gateway.explainRoute',
  method: 'GET',
  path: '/api/v1/model-route',
  surface: 'own',
  summary: 'Say how a call of a model would be routed now, as the replica that is asked sees it',
  permission: 'spend:read',
  audit: 'read',
  query: Type.Object({ model: Type.String({ minLength: 1, maxLength: 300 }) }),
  output: Type.Object({
    requested_model: Type.String(),
    model: Type.String(),
    /** Null: there is one deployment, and nothing to choose. */
    strategy: textOrNull,
    /** Null: none is well; the one that cools the shortest would be tried. */
    chosen: textOrNull,
    candidates: Type.Array(
      Type.Object({
        deployment: Type.String(),
        provider: Type.String(),
        upstream_model: Type.String(),
        weight: Type.Number(),
        order: Type.Integer(),
        /** 0: it is well. */
        cools_for_ms: Type.Integer({ minimum: 0 }),
        is_full: Type.Boolean(),
        in_flight: Type.Integer({ minimum: 0 }),
        latency_ms: orNull(Type.Integer({ minimum: 0 })),
        tokens_this_minute: Type.Integer({ minimum: 0 }),
        passed_because: textOrNull,
      }),
    ),
    fallbacks: Type.Object({
      generic: models,
      context_window: models,
      content_policy: models,
      budget: models,
    }),
  }),
});

export const MODEL_ROUTE_ENDPOINTS = [
  listRoutingDecisions,
  getRoutingDecision,
  explainRoute,
] as const;
