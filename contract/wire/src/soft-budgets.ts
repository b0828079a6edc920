/** Soft budgets: what an agent should spend, and what happens when it has spent more. */
import { type Static, Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { USD_PATTERN } from './money.ts';
import { id, instant, orNull, textOrNull } from './schemas.ts';
import { model, TAG_PATTERN } from './tags.ts';

/** The agent of a limit that is for all of the project together. */
export const EVERY_AGENT = '*';

const usd = Type.String();
/** A number is taken as it is written: 0.1 is ten cents. */
const newUsd = orNull(
  Type.Union([
    Type.String({ pattern: USD_PATTERN, description: 'US dollars as a decimal string' }),
    Type.Number({ minimum: 0, maximum: 1_000_000_000 }),
  ]),
);
/** What calls name themselves by is cut to as many. */
const AGENT_NAME_LENGTH_MAX = 200;
const agentName = Type.String({
  minLength: 1,
  maxLength: AGENT_NAME_LENGTH_MAX,
  pattern: TAG_PATTERN,
  description: 'As calls name it in x-sagewai-agent; `*` is the whole project',
});
const action = Type.Union([Type.Literal('warn'), Type.Literal('throttle'), Type.Literal('stop')]);
const month = Type.Union([Type.Literal('calendar'), Type.Literal('trailing_30_days')]);
const verdictAction = Type.Union([
  Type.Literal('allow'),
  Type.Literal('warn'),
  Type.Literal('throttle'),
  Type.Literal('stop'),
]);

const softLimit = Type.Object({
  project_id: id,
  agent_name: Type.String(),
  max_daily_usd: orNull(usd),
  max_monthly_usd: orNull(usd),
  action,
  fallback_chain: Type.Array(Type.String()),
  month,
  updated_at: instant,
});
export type SoftLimitOnWire = Static<typeof softLimit>;

/** What a hard limit behind the soft one would be; the project's, for `*`. */
const advisedHard = Type.Object({
  usd_per_day: orNull(usd),
  usd_per_month: orNull(usd),
  /** Whether the project has these limits now, since it had none and they were asked for. */
  is_set: Type.Boolean(),
});
const withAdvice = Type.Object({ ...softLimit.properties, advised_hard: advisedHard });

const limitBody = {
  max_daily_usd: Type.Optional(newUsd),
  max_monthly_usd: Type.Optional(newUsd),
  action: Type.Optional(action),
  fallback_chain: Type.Optional(Type.Array(model, { maxItems: 20 })),
  month: Type.Optional(month),
  /** Sets the advised hard limits of the project where it has none; for `*` alone. */
  set_hard: Type.Optional(Type.Boolean()),
};

/** Name or id; left out: the project of the token or of X-Project-ID. */
const ofProject = Type.Object({
  project: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
});
const ofAgent = Type.Object({ agent: agentName });

export const listSoftLimits = endpoint({
  id: 'ledger.listSoftLimits',
  method: 'GET',
  path: '/api/v1/budget/limits',
  surface: 'own',
  summary: 'List what the agents of a project should spend',
  permission: 'spend:read',
  audit: 'read',
  query: ofProject,
  output: Type.Object({ limits: Type.Array(softLimit) }),
});

export const createSoftLimit = endpoint({
  id: 'ledger.createSoftLimit',
  method: 'POST',
  path: '/api/v1/budget/limits',
  surface: 'own',
  summary: 'Say what an agent should spend, and what happens when it has spent more',
  permission: 'budget:write',
  audit: 'record',
  query: ofProject,
  body: Type.Object({ agent_name: agentName, ...limitBody }),
  output: withAdvice,
});

export const setSoftLimit = endpoint({
  id: 'ledger.setSoftLimit',
  method: 'PUT',
  path: '/api/v1/budget/limits/{agent}',
  surface: 'own',
  summary: 'Replace what an agent should spend; what is left out is unlimited',
  permission: 'budget:write',
  audit: 'record',
  params: ofAgent,
  query: ofProject,
  body: Type.Object(limitBody),
  output: withAdvice,
});

export const deleteSoftLimit = endpoint({
  id: 'ledger.deleteSoftLimit',
  method: 'DELETE',
  path: '/api/v1/budget/limits/{agent}',
  surface: 'own',
  summary: 'Let an agent spend without a soft limit',
  permission: 'budget:write',
  audit: 'record',
  params: ofAgent,
  query: ofProject,
  output: Type.Object({ status: Type.Literal('ok') }),
});

/** At the pace of the window so far. */
const forecast = Type.Object({ end_of_day_usd: usd, end_of_month_usd: usd });

export const getBudgetStatus = endpoint({
  id: 'ledger.getBudgetStatus',
  method: 'GET',
  path: '/api/v1/budget/status/{agent}',
  surface: 'own',
  summary: 'Read what an agent has spent of its soft limits, and where it is going',
  permission: 'budget:check',
  audit: 'read',
  params: ofAgent,
  query: ofProject,
  output: Type.Object({
    agent_name: Type.String(),
    limit: orNull(softLimit),
    /** Of the month where only that is limited, else of the day. */
    current_spend_usd: usd,
    /** Null: there is no limit. */
    remaining_usd: orNull(usd),
    status: verdictAction,
    daily_spend_usd: usd,
    monthly_spend_usd: usd,
    forecast,
  }),
});

const check = Type.Object({
  allowed: Type.Boolean(),
  action: verdictAction,
  reason: textOrNull,
  daily_spend: usd,
  monthly_spend: usd,
  /** Throttled: the first model of the chain that is not the one that was named. */
  fallback_model: textOrNull,
});

export const checkBudget = endpoint({
  id: 'ledger.checkBudget',
  method: 'POST',
  path: '/api/v1/budget/check',
  surface: 'own',
  summary: 'Ask whether an agent may go on spending, before a call that goes elsewhere',
  permission: 'budget:check',
  audit: 'read',
  query: ofProject,
  body: Type.Object({ agent_name: agentName, model: Type.Optional(model) }),
  output: check,
});

const count = Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000_000 }));

export const recordSpend = endpoint({
  id: 'ledger.recordSpend',
  method: 'POST',
  path: '/api/v1/budget/spend',
  surface: 'own',
  summary: 'Book what a call cost that went past the gateway; what the gateway booked stays',
  permission: 'spend:record',
  audit: 'batch',
  query: ofProject,
  body: Type.Object({
    /** Names the entry, so that it can be sent twice: a UUIDv8 with the time of a UUIDv7. */
    id: Type.Optional(id),
    agent_name: agentName,
    cost_usd: Type.Union([
      Type.String({ pattern: USD_PATTERN }),
      Type.Number({ minimum: 0, maximum: 1_000_000 }),
    ]),
    model: Type.Optional(model),
    provider: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
    input_tokens: count,
    output_tokens: count,
  }),
  output: Type.Object({
    id,
    /** `booked` now; `known`: it was booked before, and stays as it was. */
    kind: Type.Union([Type.Literal('booked'), Type.Literal('known')]),
    cost_usd: usd,
  }),
});

export const reserveSpend = endpoint({
  id: 'ledger.reserveSpend',
  method: 'POST',
  path: '/api/v1/budget/reservations',
  surface: 'own',
  summary: 'Reserve what a call can cost that goes past the gateway; refused, it must not be made',
  permission: 'spend:record',
  audit: 'batch',
  query: ofProject,
  body: Type.Object({
    /** Names the call: what it cost is recorded under the same id, which settles it. */
    id: Type.Optional(id),
    agent_name: agentName,
    cost_usd_max: Type.Union([
      Type.String({ pattern: USD_PATTERN }),
      Type.Number({ minimum: 0, maximum: 1_000_000 }),
    ]),
    model: Type.Optional(model),
    input_tokens_max: count,
    output_tokens_max: count,
    /** What is not recorded by then is booked in full. Ten minutes, unless said. */
    expires_in_s: Type.Optional(Type.Integer({ minimum: 1, maximum: 86_400 })),
  }),
  output: Type.Object({ id, expires_at: instant }),
  status: 201,
});

export const SOFT_BUDGET_ENDPOINTS = [
  listSoftLimits,
  createSoftLimit,
  setSoftLimit,
  deleteSoftLimit,
  getBudgetStatus,
  checkBudget,
  recordSpend,
  reserveSpend,
] as const;
