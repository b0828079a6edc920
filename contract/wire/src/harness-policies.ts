/** Whose requests for `auto` get which models, beside the tiers of their project. */
import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { id, idOrNull, instant, orNull, textOrNull } from './schemas.ts';
import { newTarget, target, tier } from './tiers.ts';

const modelName = Type.String({ minLength: 1, maxLength: 200, pattern: '^(?!auto$)' });

const policy = Type.Object({
  id,
  name: Type.String(),
  /** Null: of every project, team or user. */
  project_id: idOrNull,
  team_id: textOrNull,
  user_id: textOrNull,
  priority: Type.Integer(),
  /** A user counts 8, a project 4, a team 2, the organization 1: the highest decides, then the priority. */
  specificity: Type.Integer(),
  enabled: Type.Boolean(),
  force_model: textOrNull,
  max_tier: orNull(tier),
  tier_overrides: Type.Object({ simple: target, medium: target, complex: target }),
  blocked_models: Type.Array(Type.String()),
  allow_force_model: Type.Boolean(),
  created_by: Type.String(),
  created_at: instant,
});

const changeable = {
  priority: Type.Optional(Type.Integer({ minimum: -1_000_000, maximum: 1_000_000 })),
  enabled: Type.Optional(Type.Boolean()),
  /** For every request, whatever its tier. */
  force_model: Type.Optional(orNull(modelName)),
  /** Harder requests get what one of this tier gets. */
  max_tier: Type.Optional(orNull(tier)),
  /** In place of what the project has for these tiers; all of them at once. */
  tier_overrides: Type.Optional(
    Type.Object({
      simple: Type.Optional(orNull(newTarget)),
      medium: Type.Optional(orNull(newTarget)),
      complex: Type.Optional(orNull(newTarget)),
    }),
  ),
  blocked_models: Type.Optional(Type.Array(modelName, { maxItems: 100, uniqueItems: true })),
  /** Whether `X-Harness-Force-Model` is heard; left out: it is. */
  allow_force_model: Type.Optional(Type.Boolean()),
};

const ofPolicy = Type.Object({ policy_id: id });
const writing = { surface: 'own', permission: 'project:write', audit: 'record' } as const;
const reading = { surface: 'own', permission: 'project:read', audit: 'read' } as const;

export const listHarnessPolicies = endpoint({
  ...reading,
  id: 'gateway.listHarnessPolicies',
  method: 'GET',
  path: '/api/v1/harness/policies',
  summary: 'List whose requests for `auto` get which models',
  output: Type.Object({ policies: Type.Array(policy) }),
});

export const getHarnessPolicy = endpoint({
  ...reading,
  id: 'gateway.getHarnessPolicy',
  method: 'GET',
  path: '/api/v1/harness/policies/{policy_id}',
  summary: 'Show a policy about requests for `auto`',
  params: ofPolicy,
  output: policy,
});

export const createHarnessPolicy = endpoint({
  ...writing,
  id: 'gateway.createHarnessPolicy',
  method: 'POST',
  path: '/api/v1/harness/policies',
  summary: 'Say which models requests for `auto` get of a user, a team, a project or everybody',
  body: Type.Object({
    name: Type.String({ pattern: '^[\\w][\\w.-]{0,99}$' }),
    /** Name or id. */
    project: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
    team_id: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
    user_id: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
    ...changeable,
  }),
  output: policy,
  status: 201,
});

export const updateHarnessPolicy = endpoint({
  ...writing,
  id: 'gateway.updateHarnessPolicy',
  method: 'PATCH',
  path: '/api/v1/harness/policies/{policy_id}',
  summary: 'Change a policy; what is left out stays',
  params: ofPolicy,
  body: Type.Object(changeable),
  output: policy,
});

export const deleteHarnessPolicy = endpoint({
  ...writing,
  id: 'gateway.deleteHarnessPolicy',
  method: 'DELETE',
  path: '/api/v1/harness/policies/{policy_id}',
  summary: 'Delete a policy',
  params: ofPolicy,
  output: Type.Object({ status: Type.Literal('ok') }),
});

export const HARNESS_POLICY_ENDPOINTS = [
  listHarnessPolicies,
  getHarnessPolicy,
  createHarnessPolicy,
  updateHarnessPolicy,
  deleteHarnessPolicy,
] as const;
