/** `/key/*` as LiteLLM's clients and its documentation speak it, over the same keys as `/api/v1/keys`. */
import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { NAME_PATTERN } from './identity.ts';
import { onClientLeft } from './keys.ts';
import { litellmModelLimits, shownModelLimits } from './litellm-model-limits.ts';
import { litellmDollars, litellmWindows } from './litellm-windows.ts';
import { MODEL_PATTERN } from './model-name.ts';
import { id, instantOrNull, orNull, textOrNull } from './schemas.ts';

const optional = Type.Optional;
const duration = Type.String({ maxLength: 20 });
const ref = Type.String({ minLength: 1, maxLength: 100 });

export const litellmModels = Type.Array(
  Type.String({ minLength: 1, maxLength: 300, pattern: MODEL_PATTERN }),
  { maxItems: 500 },
);
export const litellmMetadata = Type.Record(Type.String(), Type.Unknown());
const tags = Type.Array(Type.String({ minLength: 1, maxLength: 100 }), { maxItems: 50 });

export const litellmAlias = Type.String({ minLength: 1, maxLength: 100, pattern: NAME_PATTERN });

/** Budgets and rates; null lifts a limit, what is left out stays. */
export const litellmLimits = {
  ...litellmWindows,
  /** The limits are those of `/budget/new`, as they are at any time; null: its own again, as they are now. */
  budget_id: optional(orNull(ref)),
  max_parallel_requests: optional(orNull(Type.Integer({ minimum: 0, maximum: 1_000_000 }))),
  ...litellmModelLimits,
};

/** What a key is made of. Further fields are refused by name, unless they say nothing. */
const keyFields = {
  ...litellmLimits,
  key_alias: optional(orNull(litellmAlias)),
  models: optional(orNull(litellmModels)),
  aliases: optional(orNull(Type.Record(Type.String(), Type.String({ pattern: MODEL_PATTERN })))),
  soft_budget: optional(orNull(litellmDollars)),
  /** From now on, as `30d`; null: for ever. */
  duration: optional(orNull(duration)),
  /** `metadata.project` assigns the key to that project. */
  metadata: optional(orNull(litellmMetadata)),
  project_id: optional(orNull(ref)),
  tags: optional(orNull(tags)),
  /** Names of guardrails that all calls of the key pass. */
  guardrails: optional(orNull(tags)),
  /** What every request must say, as `user` or `metadata.purpose`. */
  enforced_params: optional(orNull(tags)),
  allowed_routes: optional(
    orNull(Type.Array(Type.String({ minLength: 1, maxLength: 200 }), { maxItems: 100 })),
  ),
  key_type: optional(orNull(Type.String({ maxLength: 20 }))),
  team_id: optional(orNull(ref)),
  user_id: optional(orNull(ref)),
  blocked: optional(orNull(Type.Boolean())),
  /** Not LiteLLM's: see `/api/v1/keys`. */
  on_client_left: optional(orNull(onClientLeft)),
  /** Gets a new value by itself every `rotation_interval` (`30d`); `/key/{key}/collect` tells it once. */
  auto_rotate: optional(orNull(Type.Boolean())),
  rotation_interval: optional(orNull(duration)),
};

/** Answers always have all of it: an unknown value is null, money is a number of US dollars. */
export const litellmBalance = {
  spend: Type.Number(),
  max_budget: orNull(Type.Number()),
  budget_duration: textOrNull,
  budget_reset_at: instantOrNull,
  budget_id: textOrNull,
  budget_limits: Type.Array(
    Type.Object({
      budget_duration: textOrNull,
      max_budget: Type.Number(),
      spend: Type.Number(),
      budget_reset_at: instantOrNull,
    }),
  ),
  tpm_limit: orNull(Type.Integer()),
  rpm_limit: orNull(Type.Integer()),
  max_parallel_requests: orNull(Type.Integer()),
  ...shownModelLimits,
};

export const keyInfo = Type.Object({
  /** The SHA-256 of the key, in hex; stands wherever a key may be named. Null once it is deleted. */
  token: textOrNull,
  token_id: textOrNull,
  key_name: Type.String(),
  key_alias: textOrNull,
  ...litellmBalance,
  soft_budget: orNull(Type.Number()),
  soft_budget_exceeded: Type.Boolean(),
  expires: instantOrNull,
  models: Type.Array(Type.String()),
  aliases: Type.Record(Type.String(), Type.String()),
  metadata: litellmMetadata,
  tags: Type.Array(Type.String()),
  allowed_routes: Type.Array(Type.String()),
  team_id: textOrNull,
  user_id: textOrNull,
  project_id: id,
  organization_id: id,
  blocked: Type.Boolean(),
  on_client_left: onClientLeft,
  auto_rotate: Type.Boolean(),
  rotation_interval: textOrNull,
  /** When it gets its next value by itself. */
  key_rotation_at: instantOrNull,
  last_rotation_at: instantOrNull,
  rotation_count: Type.Integer(),
  /** Until then the value before this one is good as well. */
  former_value_until: instantOrNull,
  /** A value that was made by itself waits to be collected. */
  new_value_waits: Type.Boolean(),
  created_by: Type.String(),
  updated_by: textOrNull,
  created_at: instantOrNull,
  updated_at: instantOrNull,
  /** Not supported, and so never anything else. */
  config: Type.Object({}),
  permissions: Type.Object({}),
  litellm_budget_table: Type.Null(),
});

const made = Type.Object({ ...keyInfo.properties, key: Type.String() });
/** The key itself, its SHA-256 in hex, or our id of it. */
const keyRef = Type.String({ minLength: 1, maxLength: 400 });

export const generateKey = endpoint({
  id: 'litellm.generateKey',
  method: 'POST',
  path: '/key/generate',
  surface: 'litellm',
  summary: 'Create a virtual key; the answer is the only place where it is shown',
  permission: 'key:write',
  audit: 'record',
  body: Type.Object({
    ...keyFields,
    /** Brings a key along from elsewhere; it must be as hard to guess as ours. */
    key: optional(orNull(Type.String({ maxLength: 200 }))),
  }),
  output: made,
});

export const updateLitellmKey = endpoint({
  id: 'litellm.updateKey',
  method: 'POST',
  path: '/key/update',
  surface: 'litellm',
  summary: 'Change a virtual key; what is left out stays',
  permission: 'key:write',
  audit: 'record',
  body: Type.Object({ ...keyFields, key: keyRef }),
  output: made,
});

export const regenerateKey = endpoint({
  id: 'litellm.regenerateKey',
  method: 'POST',
  path: '/key/{key}/regenerate',
  surface: 'litellm',
  summary:
    'Give a virtual key a new value; the old one is dead within a second, or after grace_period',
  permission: 'key:write',
  audit: 'record',
  params: Type.Object({ key: keyRef }),
  body: Type.Object({ ...keyFields, grace_period: optional(orNull(duration)) }),
  output: made,
});

export const collectKey = endpoint({
  id: 'litellm.collectKey',
  method: 'POST',
  path: '/key/{key}/collect',
  surface: 'litellm',
  summary: 'The value that a virtual key got by itself; it is told once',
  permission: 'key:write',
  audit: 'record',
  params: Type.Object({ key: keyRef }),
  output: made,
});

export const deleteKeys = endpoint({
  id: 'litellm.deleteKeys',
  method: 'POST',
  path: '/key/delete',
  surface: 'litellm',
  summary: 'Revoke virtual keys: within a second no server accepts them',
  permission: 'key:write',
  audit: 'record',
  body: Type.Object({
    keys: optional(orNull(Type.Array(keyRef, { minItems: 1, maxItems: 100 }))),
    key_aliases: optional(orNull(Type.Array(keyRef, { minItems: 1, maxItems: 100 }))),
  }),
  output: Type.Object({ deleted_keys: Type.Array(Type.String()) }),
});

export const blockKey = endpoint({
  id: 'litellm.blockKey',
  method: 'POST',
  path: '/key/block',
  surface: 'litellm',
  summary: 'Block a virtual key until it is unblocked',
  permission: 'key:write',
  audit: 'record',
  body: Type.Object({ key: keyRef }),
  output: keyInfo,
});

export const unblockKey = endpoint({
  id: 'litellm.unblockKey',
  method: 'POST',
  path: '/key/unblock',
  surface: 'litellm',
  summary: 'Let a blocked virtual key go on',
  permission: 'key:write',
  audit: 'record',
  body: Type.Object({ key: keyRef }),
  output: keyInfo,
});

/** Without `key`: a virtual key is told of itself, an administrator of every key. */
export const readKeyInfo = endpoint({
  id: 'litellm.readKeyInfo',
  method: 'GET',
  path: '/key/info',
  surface: 'litellm',
  summary: 'Read a virtual key, its limits and what it has spent',
  permission: 'key:inspect',
  audit: 'read',
  query: Type.Object({ key: optional(keyRef) }),
  output: Type.Object({
    key: optional(Type.String()),
    info: optional(keyInfo),
    keys: optional(Type.Array(keyInfo)),
  }),
});

export const listLitellmKeys = endpoint({
  id: 'litellm.listKeys',
  method: 'GET',
  path: '/key/list',
  surface: 'litellm',
  summary: 'List virtual keys by page: their tokens, or with return_full_object all of them',
  permission: 'key:read',
  audit: 'read',
  query: Type.Object({
    page: optional(Type.Integer({ minimum: 1, maximum: 100_000 })),
    size: optional(Type.Integer({ minimum: 1, maximum: 100 })),
    team_id: optional(ref),
    user_id: optional(ref),
    key_alias: optional(ref),
    key_hash: optional(ref),
    return_full_object: optional(Type.Boolean()),
  }),
  output: Type.Object({
    keys: Type.Array(Type.Union([Type.String(), keyInfo])),
    total_count: Type.Integer(),
    current_page: Type.Integer(),
    total_pages: Type.Integer(),
  }),
});

export const LITELLM_KEY_ENDPOINTS = [
  generateKey,
  updateLitellmKey,
  regenerateKey,
  collectKey,
  deleteKeys,
  blockKey,
  unblockKey,
  readKeyInfo,
  listLitellmKeys,
] as const;
