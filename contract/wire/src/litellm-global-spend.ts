/** `/global/spend*` as LiteLLM's clients and its documentation speak it. Dollars are numbers. */
import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { spendDay as day, spendPeriod as period } from './litellm-spend.ts';
import { textOrNull } from './schemas.ts';

const optional = Type.Optional;
const dollars = Type.Number();
const count = Type.Integer();
const ref = Type.String({ minLength: 1, maxLength: 400 });

export const readGlobalSpend = endpoint({
  id: 'litellm.readGlobalSpend',
  method: 'GET',
  path: '/global/spend',
  surface: 'litellm',
  summary: 'What the organization has ever spent, and its limit',
  permission: 'spend:read',
  audit: 'read',
  output: Type.Object({
    spend: dollars,
    /** 0: there is none. */
    max_budget: dollars,
    budget_duration: textOrNull,
  }),
});

const keyDetails = Type.Object({
  api_key: Type.String(),
  total_cost: dollars,
  total_input_tokens: count,
  total_output_tokens: count,
  model_details: Type.Array(
    Type.Object({
      model: Type.String(),
      total_cost: dollars,
      total_input_tokens: count,
      total_output_tokens: count,
    }),
  ),
});

/** A day of a report, with a list that is called by what it is grouped by: `teams`, `models`, … */
const reportDay = Type.Object(
  { group_by_day: Type.String() },
  {
    additionalProperties: Type.Array(
      Type.Object(
        {
          total_spend: dollars,
          metadata: Type.Array(
            Type.Object({
              model: Type.String(),
              api_key: Type.String(),
              spend: dollars,
              total_tokens: count,
            }),
          ),
        },
        { additionalProperties: Type.String() },
      ),
    ),
  },
);

export const reportGlobalSpend = endpoint({
  id: 'litellm.reportGlobalSpend',
  method: 'GET',
  path: '/global/spend/report',
  surface: 'litellm',
  summary: 'What each team, key, user, project, model, tag, agent or session cost, day by day',
  permission: 'spend:read',
  audit: 'read',
  query: Type.Object({
    start_date: day,
    /** Counts too. */
    end_date: day,
    group_by: optional(
      Type.Union([
        Type.Literal('team'),
        Type.Literal('api_key'),
        Type.Literal('user'),
        Type.Literal('project'),
        Type.Literal('model'),
        Type.Literal('tag'),
        Type.Literal('agent'),
        Type.Literal('session'),
      ]),
    ),
    api_key: optional(ref),
    internal_user_id: optional(ref),
    team_id: optional(ref),
  }),
  output: Type.Union([Type.Array(keyDetails), Type.Array(reportDay)]),
});

const top = Type.Object({
  limit: optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
  ...period,
});

export const listGlobalSpendKeys = endpoint({
  id: 'litellm.listGlobalSpendKeys',
  method: 'GET',
  path: '/global/spend/keys',
  surface: 'litellm',
  summary: 'The dearest keys of the last 30 days',
  permission: 'spend:read',
  audit: 'read',
  query: top,
  output: Type.Array(
    Type.Object({
      api_key: Type.String(),
      key_alias: textOrNull,
      key_name: textOrNull,
      total_spend: dollars,
    }),
  ),
});

export const listGlobalSpendModels = endpoint({
  id: 'litellm.listGlobalSpendModels',
  method: 'GET',
  path: '/global/spend/models',
  surface: 'litellm',
  summary: 'The dearest models of the last 30 days',
  permission: 'spend:read',
  audit: 'read',
  query: top,
  output: Type.Array(Type.Object({ model: Type.String(), total_spend: dollars })),
});

export const listGlobalSpendTeams = endpoint({
  id: 'litellm.listGlobalSpendTeams',
  method: 'GET',
  path: '/global/spend/teams',
  surface: 'litellm',
  summary: 'What each team cost on each of the last 30 days',
  permission: 'spend:read',
  audit: 'read',
  query: Type.Object(period),
  output: Type.Object({
    daily_spend: Type.Array(
      Type.Object({ date: Type.String() }, { additionalProperties: dollars }),
    ),
    teams: Type.Array(Type.String()),
    total_spend_per_team: Type.Array(Type.Object({ team_id: Type.String(), total_spend: dollars })),
  }),
});

export const listGlobalSpendTags = endpoint({
  id: 'litellm.listGlobalSpendTags',
  method: 'GET',
  path: '/global/spend/tags',
  surface: 'litellm',
  summary: 'What calls with each tag cost, or with some of them',
  permission: 'spend:read',
  audit: 'read',
  query: Type.Object({ ...period, tags: optional(Type.String({ maxLength: 2_000 })) }),
  output: Type.Object({
    spend_per_tag: Type.Array(
      Type.Object({ name: Type.String(), spend: dollars, log_count: count }),
    ),
  }),
});

export const LITELLM_GLOBAL_SPEND_ENDPOINTS = [
  readGlobalSpend,
  reportGlobalSpend,
  listGlobalSpendKeys,
  listGlobalSpendModels,
  listGlobalSpendTeams,
  listGlobalSpendTags,
] as const;
