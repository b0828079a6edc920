/** What LiteLLM's clients ask of a server beside keys: its models, whether it is well, where it is. */
import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { MODEL_PATTERN } from './model-name.ts';
import { instantOrNull, orNull, textOrNull } from './schemas.ts';

const dollarsOrNull = orNull(Type.Number());
const countOrNull = orNull(Type.Integer());

const modelInfo = Type.Object({
  data: Type.Array(
    Type.Object({
      model_name: Type.String(),
      litellm_params: Type.Object({
        model: Type.String(),
        custom_llm_provider: Type.String(),
        /** For access tokens alone. */
        api_base: Type.Optional(textOrNull),
      }),
      model_info: Type.Object({
        id: Type.String(),
        db_model: Type.Boolean(),
        litellm_provider: Type.String(),
        mode: Type.Literal('chat'),
        max_tokens: countOrNull,
        max_input_tokens: countOrNull,
        max_output_tokens: countOrNull,
        /** Null: nobody knows the price. */
        input_cost_per_token: dollarsOrNull,
        output_cost_per_token: dollarsOrNull,
        cache_read_input_token_cost: dollarsOrNull,
        cache_creation_input_token_cost: dollarsOrNull,
      }),
    }),
  ),
});

const info = {
  method: 'GET',
  surface: 'litellm',
  permission: 'model:list',
  audit: 'read',
  query: Type.Object({ litellm_model_id: Type.Optional(Type.String({ maxLength: 300 })) }),
  output: modelInfo,
} as const;

export const readModelInfo = endpoint({
  id: 'litellm.readModelInfo',
  path: '/model/info',
  summary: 'List the deployments that the credential may call, with their limits and prices',
  ...info,
});

export const readModelInfoV1 = endpoint({
  id: 'litellm.readModelInfoV1',
  path: '/v1/model/info',
  summary: 'The same',
  ...info,
});

const endpointHealth = Type.Object({
  model: Type.String(),
  model_id: Type.String(),
  provider: Type.String(),
  /** Of one that is not well: for how long it is passed over. */
  cools_for_ms: Type.Optional(Type.Integer()),
});

/** Calls no model: tells what this server has seen of them. Which they are is told to who is known. */
export const readLitellmHealth = endpoint({
  id: 'litellm.readHealth',
  method: 'GET',
  path: '/health',
  surface: 'litellm',
  summary: 'Tell which deployments are well, as far as calls have shown',
  permission: 'public',
  audit: 'read',
  output: Type.Object({
    status: Type.Union([Type.Literal('healthy'), Type.Literal('degraded')]),
    healthy_endpoints: Type.Array(endpointHealth),
    unhealthy_endpoints: Type.Array(endpointHealth),
    healthy_count: Type.Integer(),
    unhealthy_count: Type.Integer(),
    /** Chat sessions; there are none on this server. */
    sessions: Type.Object({ total_sessions: Type.Integer(), total_messages: Type.Integer() }),
  }),
});

const alive = {
  method: 'GET',
  surface: 'litellm',
  permission: 'public',
  audit: 'skip',
  output: Type.Literal("I'm alive!"),
} as const;

export const readLiveliness = endpoint({
  id: 'litellm.readLiveliness',
  path: '/health/liveliness',
  summary: 'Tell that the process lives',
  ...alive,
});

export const readLiveness = endpoint({
  id: 'litellm.readLiveness',
  path: '/health/liveness',
  summary: 'The same',
  ...alive,
});

export const readLitellmReadiness = endpoint({
  id: 'litellm.readReadiness',
  method: 'GET',
  path: '/health/readiness',
  surface: 'litellm',
  summary: 'Tell whether requests can be served now; 503 while the database is away',
  permission: 'public',
  audit: 'skip',
  output: Type.Object({
    status: Type.Literal('healthy'),
    db: Type.Literal('connected'),
    cache: Type.Null(),
    litellm_version: Type.Null(),
    success_callbacks: Type.Array(Type.String()),
    last_updated: instantOrNull,
  }),
});

export const readEndpointMap = endpoint({
  id: 'litellm.readEndpointMap',
  method: 'GET',
  path: '/',
  surface: 'litellm',
  summary: 'Tell what is served here, and where',
  permission: 'public',
  audit: 'skip',
  output: Type.Object({
    service: Type.Literal('sagewai'),
    endpoints: Type.Record(Type.String(), Type.String()),
  }),
});

const anything = Type.Record(Type.String(), Type.Unknown());
const storedModel = Type.Object({
  model_id: Type.String(),
  model_name: Type.String(),
  model_info: Type.Object({ id: Type.String(), db_model: Type.Literal(true) }),
  litellm_params: Type.Object({ custom_llm_provider: Type.String(), api_base: Type.String() }),
});
const modelName = Type.String({ minLength: 1, maxLength: 300, pattern: MODEL_PATTERN });
const modelId = Type.String({ minLength: 1, maxLength: 100 });
const storing = {
  method: 'POST',
  surface: 'litellm',
  permission: 'model:administer',
  audit: 'record',
} as const;

/** As an entry of `model_list`. Its credential is sealed, and shown nowhere again. */
export const createStoredModel = endpoint({
  id: 'litellm.createModel',
  path: '/model/new',
  summary: 'Add a deployment to every server, from now on',
  ...storing,
  body: Type.Object({
    model_name: modelName,
    litellm_params: anything,
    model_info: Type.Optional(
      Type.Intersect([anything, Type.Object({ id: Type.Optional(modelId) })]),
    ),
  }),
  output: storedModel,
});

export const updateStoredModel = endpoint({
  id: 'litellm.updateModel',
  path: '/model/update',
  summary: 'Change a deployment that was added; what is left out stays',
  ...storing,
  body: Type.Object({
    model_name: Type.Optional(modelName),
    litellm_params: Type.Optional(anything),
    model_info: Type.Object({ id: modelId }),
  }),
  output: storedModel,
});

export const deleteStoredModel = endpoint({
  id: 'litellm.deleteModel',
  path: '/model/delete',
  summary: 'Take away a deployment that was added',
  ...storing,
  body: Type.Object({ id: modelId }),
  output: Type.Object({ message: Type.String() }),
});

export const LITELLM_SERVER_ENDPOINTS = [
  createStoredModel,
  updateStoredModel,
  deleteStoredModel,
  readModelInfo,
  readModelInfoV1,
  readLitellmHealth,
  readLiveliness,
  readLiveness,
  readLitellmReadiness,
  readEndpointMap,
] as const;
