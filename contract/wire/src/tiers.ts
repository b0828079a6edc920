import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { id, orNull, textOrNull } from './schemas.ts';
import { TAG_PATTERN } from './tags.ts';

/** Says, in place of a model or a pool, that the tier of the request decides. */
export const AUTO = 'auto';

/** Any name but that word, which here would name itself. */
const NAME_PATTERN = `^(?!${AUTO}$)${TAG_PATTERN.slice(1)}`;

export const tier = Type.Union([
  Type.Literal('simple'),
  Type.Literal('medium'),
  Type.Literal('complex'),
]);

/** What requests of a tier get; null: nothing of its own, they get what the next harder tier has. */
export const target = orNull(Type.Object({ model: Type.String(), pool: textOrNull }));
const projectTiers = Type.Object({
  project_id: id,
  simple: target,
  medium: target,
  complex: target,
});

export const newTarget = Type.Object({
  model: Type.String({ minLength: 1, maxLength: 200, pattern: NAME_PATTERN }),
  /** For runs that say `auto` as their pool. */
  pool: Type.Optional(orNull(Type.String({ minLength: 1, maxLength: 100, pattern: NAME_PATTERN }))),
});

const ofProject = Type.Object({
  /** Name or id. */
  project: Type.String({ minLength: 1, maxLength: 100 }),
});

export const getModelTiers = endpoint({
  id: 'gateway.getModelTiers',
  method: 'GET',
  path: '/api/v1/projects/{project}/model-tiers',
  surface: 'own',
  summary: 'Read which models the project has for simple, medium and complex requests',
  permission: 'project:read',
  audit: 'read',
  params: ofProject,
  output: projectTiers,
});

export const setModelTiers = endpoint({
  id: 'gateway.setModelTiers',
  method: 'PUT',
  path: '/api/v1/projects/{project}/model-tiers',
  surface: 'own',
  summary: 'Say which model requests get that ask for `auto`; a tier that is left out has none',
  permission: 'project:write',
  audit: 'record',
  params: ofProject,
  body: Type.Object({
    simple: Type.Optional(orNull(newTarget)),
    medium: Type.Optional(orNull(newTarget)),
    complex: Type.Optional(orNull(newTarget)),
  }),
  output: projectTiers,
});

const count = Type.Integer({ minimum: 0 });

export const testClassify = endpoint({
  id: 'gateway.testClassify',
  method: 'POST',
  path: '/api/v1/harness/test-classify',
  surface: 'own',
  summary: 'Say how complex a request seems, why, and which model it would get; calls none',
  permission: 'project:read',
  audit: 'read',
  body: Type.Object({
    messages: Type.Array(Type.Unknown()),
    system: Type.Optional(Type.Unknown()),
    tools: Type.Optional(orNull(Type.Array(Type.Unknown()))),
    /** Whose request it is supposed to be: policies may be for them. */
    team_id: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
    user_id: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
    /** As in the request; it does not count. */
    model: Type.Optional(Type.String({ maxLength: 300 })),
  }),
  output: Type.Object({
    tier,
    score: Type.Integer({ minimum: 0, maximum: 100 }),
    confidence: Type.Number({ minimum: 0.5, maximum: 1 }),
    reason: Type.String(),
    signals: Type.Object({
      total_tokens: count,
      message_count: count,
      system_tokens: count,
      last_user_chars: count,
      code_blocks: count,
      tool_count: count,
      complex_keywords: count,
      simple_keywords: count,
    }),
    /** What the project has for it; null: the project has no tiers. */
    model: textOrNull,
    pool: textOrNull,
    /** The name of the policy that decides; null: the tiers of the project do. */
    policy: textOrNull,
  }),
});
