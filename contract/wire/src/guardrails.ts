import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import {
  guardrailAction as action,
  guardrailKind as kind,
  guardrailPattern as pattern,
  uninspectable,
} from './guardrail-schemas.ts';
import { LITELLM_GUARDRAIL_ENDPOINTS } from './litellm-guardrails.ts';
import { id, idOrNull, instantOrNull, orNull, textOrNull } from './schemas.ts';

/** A rule about what models are given to read, and what they write. */
const guardrail = Type.Object({
  /** Null: it stands in the models file, and is changed there. */
  id: idOrNull,
  name: Type.String(),
  kind,
  action,
  /** Whether it sees what a model is to read, and what it wrote. */
  before: Type.Boolean(),
  after: Type.Boolean(),
  /** For every call; of one that is a project's, for every call of the project. */
  default_on: Type.Boolean(),
  /** Whose it is; null: all projects may use it. */
  project_id: idOrNull,
  /** All of whose calls pass it. */
  projects: Type.Array(Type.String()),
  /** What becomes of images, files and other parts that are no text. */
  uninspectable,
  looks_for: Type.Array(Type.String()),
  /** Of `regex`, of those that are stored. */
  patterns: orNull(Type.Array(pattern)),
  /** Of a webhook that is stored; its secret is told to nobody. */
  url: textOrNull,
  has_secret: Type.Boolean(),
  created_at: instantOrNull,
  updated_at: instantOrNull,
});

const changeable = {
  action: Type.Optional(action),
  before: Type.Optional(Type.Boolean()),
  after: Type.Optional(Type.Boolean()),
  default_on: Type.Optional(Type.Boolean()),
  uninspectable: Type.Optional(uninspectable),
  entities: Type.Optional(
    Type.Array(Type.String({ maxLength: 100 }), {
      minItems: 1,
      maxItems: 50,
      description: 'Of `pii`; left out: all that are known',
    }),
  ),
  patterns: Type.Optional(Type.Array(pattern, { minItems: 1, maxItems: 100 })),
  url: Type.Optional(Type.String({ maxLength: 2_000, description: 'Of `webhook`' })),
  secret: Type.Optional(
    orNull(
      Type.String({
        pattern: '^whsec_[A-Za-z0-9+/=]{24,500}$',
        description: 'Of `webhook`: signs what is sent; kept sealed',
      }),
    ),
  ),
  timeout_ms: Type.Optional(Type.Integer({ minimum: 1, maximum: 60_000 })),
};

const ofGuardrail = Type.Object({ guardrail_id: id });
const writing = { surface: 'own', permission: 'guardrail:write', audit: 'record' } as const;

export const listGuardrails = endpoint({
  id: 'gateway.listGuardrails',
  method: 'GET',
  path: '/api/v1/guardrails',
  surface: 'own',
  summary: 'List the guardrails that model calls may pass',
  permission: 'project:read',
  audit: 'read',
  output: Type.Object({ guardrails: Type.Array(guardrail) }),
});

export const getGuardrail = endpoint({
  id: 'gateway.getGuardrail',
  method: 'GET',
  path: '/api/v1/guardrails/{guardrail_id}',
  surface: 'own',
  summary: 'Show a guardrail that is stored',
  permission: 'project:read',
  audit: 'read',
  params: ofGuardrail,
  output: guardrail,
});

export const createGuardrail = endpoint({
  ...writing,
  id: 'gateway.createGuardrail',
  method: 'POST',
  path: '/api/v1/guardrails',
  summary:
    'Make a guardrail of the organization or of a project; every replica applies it within a second',
  body: Type.Object({
    name: Type.String({ pattern: '^[\\w][\\w.-]{0,99}$' }),
    kind,
    /** Name or id; left out: all projects may use it. */
    project: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
    ...changeable,
  }),
  output: guardrail,
  status: 201,
});

export const updateGuardrail = endpoint({
  ...writing,
  id: 'gateway.updateGuardrail',
  method: 'PATCH',
  path: '/api/v1/guardrails/{guardrail_id}',
  summary: 'Change a guardrail; what is left out stays',
  params: ofGuardrail,
  body: Type.Object(changeable),
  output: guardrail,
});

export const deleteGuardrail = endpoint({
  ...writing,
  id: 'gateway.deleteGuardrail',
  method: 'DELETE',
  path: '/api/v1/guardrails/{guardrail_id}',
  summary: 'Delete a guardrail; calls of keys that name it are refused from then on',
  params: ofGuardrail,
  output: Type.Object({ status: Type.Literal('ok') }),
});

export const testGuardrail = endpoint({
  id: 'gateway.testGuardrail',
  method: 'POST',
  path: '/api/v1/guardrails/test',
  surface: 'own',
  summary: 'Say what a guardrail finds in a text; the text is kept nowhere',
  permission: 'project:read',
  audit: 'read',
  body: Type.Object({
    name: Type.String({ minLength: 1, maxLength: 100 }),
    text: Type.String({ maxLength: 1_000_000 }),
  }),
  output: Type.Object({
    verdict: Type.Union([Type.Literal('pass'), action]),
    /** Characters as JavaScript counts them. */
    found: Type.Array(
      Type.Object({ start: Type.Integer(), end: Type.Integer(), what: Type.String() }),
    ),
    /** As it would be passed on, where something is redacted. */
    text: textOrNull,
  }),
});

export const GUARDRAIL_ENDPOINTS = [
  listGuardrails,
  getGuardrail,
  createGuardrail,
  updateGuardrail,
  deleteGuardrail,
  testGuardrail,
  ...LITELLM_GUARDRAIL_ENDPOINTS,
] as const;
