/** `/spend/*` as LiteLLM's clients and its documentation speak them. Dollars are numbers. */
import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { textOrNull } from './schemas.ts';

const optional = Type.Optional;
const dollars = Type.Number();
const count = Type.Integer();
/** A UTC day; a time behind it is passed over. */
export const spendDay = Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}([ T].{0,40})?$' });
const ref = Type.String({ minLength: 1, maxLength: 400 });
const amounts = Type.Record(Type.String(), dollars);

/** One call; what it cost may be corrected by a second row of the same id. */
const log = Type.Object({
  request_id: Type.String(),
  call_type: Type.String(),
  /** The SHA-256 of the key, in hex; of a key that is gone, our id of it; empty without a key. */
  api_key: Type.String(),
  spend: dollars,
  total_tokens: count,
  prompt_tokens: count,
  completion_tokens: count,
  startTime: Type.String(),
  endTime: Type.String(),
  request_duration_ms: count,
  completionStartTime: Type.Null(),
  model: Type.String(),
  model_id: Type.String(),
  model_group: Type.String(),
  custom_llm_provider: textOrNull,
  api_base: Type.String(),
  user: Type.String(),
  metadata: Type.Object({}, { additionalProperties: true }),
  cache_hit: Type.String(),
  cache_key: Type.String(),
  request_tags: Type.Array(Type.String()),
  team_id: textOrNull,
  organization_id: Type.String(),
  end_user: Type.String(),
  requester_ip_address: Type.Null(),
  messages: Type.Object({}),
  response: Type.Object({}),
  session_id: textOrNull,
  agent_id: textOrNull,
  status: Type.Union([Type.Literal('success'), Type.Literal('failure')]),
});

/** A day: what each user and each model cost, and each key under its own hash. */
const daySummary = Type.Object(
  { startTime: Type.String(), spend: dollars, users: amounts, models: amounts },
  { additionalProperties: dollars },
);

const groupSummary = Type.Object({
  group: Type.String(),
  model: optional(Type.String()),
  api_key: optional(Type.String()),
  user: optional(Type.String()),
  team_id: optional(Type.String()),
  spend: dollars,
  total_spend: dollars,
  log_count: count,
  prompt_tokens: count,
  completion_tokens: count,
  total_tokens: count,
});

export const listSpendLogs = endpoint({
  id: 'litellm.listSpendLogs',
  method: 'GET',
  path: '/spend/logs',
  surface: 'litellm',
  summary:
    'List what calls cost, newest first; with both dates summed up by day, with group_by by name',
  permission: 'spend:read',
  audit: 'read',
  query: Type.Object({
    api_key: optional(ref),
    user_id: optional(ref),
    team_id: optional(ref),
    request_id: optional(ref),
    start_date: optional(spendDay),
    /** Counts too. */
    end_date: optional(spendDay),
    /** False: calls instead of days. */
    summarize: optional(Type.Boolean()),
    group_by: optional(
      Type.Union([
        Type.Literal('model'),
        Type.Literal('api_key'),
        Type.Literal('user'),
        Type.Literal('team'),
      ]),
    ),
    page_size: optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
    /** From the header `x-next-cursor` of the page before. */
    cursor: optional(Type.String({ pattern: '^[0-9a-f-]{36}\\.[01]$' })),
  }),
  output: Type.Union([Type.Array(log), Type.Array(daySummary), Type.Array(groupSummary)]),
});

export const spendPeriod = { start_date: optional(spendDay), end_date: optional(spendDay) };

export const listSpendTags = endpoint({
  id: 'litellm.listSpendTags',
  method: 'GET',
  path: '/spend/tags',
  surface: 'litellm',
  summary: 'What calls with each tag cost; a call counts for each of its tags',
  permission: 'spend:read',
  audit: 'read',
  query: Type.Object(spendPeriod),
  output: Type.Array(
    Type.Object({
      individual_request_tag: Type.String(),
      log_count: count,
      total_spend: dollars,
    }),
  ),
});

export const listSpendKeys = endpoint({
  id: 'litellm.listSpendKeys',
  method: 'GET',
  path: '/spend/keys',
  surface: 'litellm',
  summary: 'The keys that have ever spent, the dearest first',
  permission: 'spend:read',
  audit: 'read',
  query: Type.Object({ limit: optional(Type.Integer({ minimum: 1, maximum: 1_000 })) }),
  output: Type.Array(
    Type.Object({
      token: Type.String(),
      key_name: textOrNull,
      key_alias: textOrNull,
      spend: dollars,
      user_id: textOrNull,
      team_id: textOrNull,
    }),
  ),
});

export const listSpendUsers = endpoint({
  id: 'litellm.listSpendUsers',
  method: 'GET',
  path: '/spend/users',
  surface: 'litellm',
  summary: 'The users whose keys have ever spent, the dearest first',
  permission: 'spend:read',
  audit: 'read',
  query: Type.Object({ user_id: optional(ref) }),
  output: Type.Array(Type.Object({ user_id: Type.String(), spend: dollars, log_count: count })),
});

export const LITELLM_SPEND_ENDPOINTS = [
  listSpendLogs,
  listSpendTags,
  listSpendKeys,
  listSpendUsers,
] as const;
