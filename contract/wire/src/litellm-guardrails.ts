/** `/guardrails*` as LiteLLM speaks it, over the guardrails of `/api/v1/guardrails`. */
import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { guardrailAction, guardrailPattern, uninspectable } from './guardrail-schemas.ts';
import { id, instantOrNull, textOrNull } from './schemas.ts';

const optional = Type.Optional;
const shown = Type.Object({
  guardrail_id: textOrNull,
  guardrail_name: Type.String(),
  litellm_params: Type.Object({
    guardrail: Type.String(),
    mode: Type.Array(Type.String()),
    default_on: Type.Boolean(),
  }),
  guardrail_info: Type.Null(),
  guardrail_definition_location: Type.Union([Type.Literal('config'), Type.Literal('db')]),
  created_at: instantOrNull,
  updated_at: instantOrNull,
});

const litellmList = {
  method: 'GET',
  surface: 'litellm',
  permission: 'model:list',
  audit: 'read',
  output: Type.Object({
    guardrails: Type.Array(shown),
  }),
} as const;

export const listLitellmGuardrails = endpoint({
  id: 'litellm.listGuardrails',
  path: '/guardrails/list',
  summary: 'List the guardrails that calls with the credential may name',
  ...litellmList,
});

export const listLitellmGuardrailsV2 = endpoint({
  id: 'litellm.listGuardrailsV2',
  path: '/v2/guardrails/list',
  summary: 'List the guardrails that calls with the credential may name',
  ...litellmList,
});

export const applyGuardrail = endpoint({
  id: 'litellm.applyGuardrail',
  method: 'POST',
  path: '/guardrails/apply_guardrail',
  aliases: ['/apply_guardrail'],
  surface: 'litellm',
  summary: 'Pass a text through one guardrail, as a call would; asks its webhook too',
  permission: 'model:list',
  audit: 'read',
  body: Type.Object({
    guardrail_name: Type.String({ minLength: 1, maxLength: 100 }),
    text: Type.String({ maxLength: 1_000_000 }),
  }),
  output: Type.Object({ response_text: Type.String() }),
});

/** What is in it beside is refused by its name: a rule that is not kept would be worse than none. */
const given = Type.Object({
  guardrail: Type.Object({
    guardrail_name: Type.String({ pattern: '^[\\w][\\w.-]{0,99}$' }),
    litellm_params: Type.Object({
      guardrail: Type.String({ maxLength: 100 }),
      mode: optional(
        Type.Union([
          Type.String({ maxLength: 20 }),
          Type.Array(Type.String({ maxLength: 20 }), { maxItems: 4 }),
        ]),
      ),
      default_on: optional(Type.Boolean()),
      action: optional(guardrailAction),
      uninspectable: optional(uninspectable),
      entities: optional(
        Type.Array(Type.String({ maxLength: 100 }), { minItems: 1, maxItems: 50 }),
      ),
      patterns: optional(Type.Array(guardrailPattern, { minItems: 1, maxItems: 100 })),
      /** Of `generic_guardrail_api`. */
      api_base: optional(Type.String({ maxLength: 2_000 })),
      /** Signs what is sent to it; kept sealed. */
      api_key: optional(Type.String({ pattern: '^whsec_[A-Za-z0-9+/=]{24,500}$' })),
      /** Seconds. */
      timeout: optional(Type.Number({ minimum: 0, maximum: 60 })),
    }),
    /** What it is for is not kept. */
    guardrail_info: optional(Type.Unknown()),
  }),
});

const of = Type.Object({ guardrail_id: id });
const writing = { surface: 'litellm', permission: 'guardrail:write', audit: 'record' } as const;

export const createLitellmGuardrail = endpoint({
  ...writing,
  id: 'litellm.createGuardrail',
  method: 'POST',
  path: '/guardrails',
  summary: 'Make a guardrail; every replica applies it within a second',
  body: given,
  output: shown,
});

export const updateLitellmGuardrail = endpoint({
  ...writing,
  id: 'litellm.updateGuardrail',
  method: 'PUT',
  path: '/guardrails/{guardrail_id}',
  summary: 'Say anew what a guardrail is; its name and its kind stay',
  params: of,
  body: given,
  output: shown,
});

export const deleteLitellmGuardrail = endpoint({
  ...writing,
  id: 'litellm.deleteGuardrail',
  method: 'DELETE',
  path: '/guardrails/{guardrail_id}',
  summary: 'Delete a guardrail; calls of keys that name it are refused from then on',
  params: of,
  output: Type.Object({
    message: Type.String(),
    guardrail_id: id,
    guardrail_name: Type.String(),
  }),
});

export const readLitellmGuardrailInfo = endpoint({
  id: 'litellm.readGuardrail',
  method: 'GET',
  path: '/guardrails/{guardrail_id}/info',
  aliases: ['/guardrails/{guardrail_id}'],
  surface: 'litellm',
  summary: 'Show a guardrail that is stored',
  permission: 'project:read',
  audit: 'read',
  params: of,
  output: shown,
});

export const LITELLM_GUARDRAIL_ENDPOINTS = [
  listLitellmGuardrails,
  listLitellmGuardrailsV2,
  applyGuardrail,
  createLitellmGuardrail,
  updateLitellmGuardrail,
  deleteLitellmGuardrail,
  readLitellmGuardrailInfo,
] as const;
