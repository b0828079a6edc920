import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import type { BatchRecord } from './evidence.ts';
import { USD_PATTERN } from './money.ts';
import { id, idOrNull, instant, instantOrNull, orNull, textOrNull } from './schemas.ts';
import { spendFilter } from './spend.ts';

const count = Type.Integer({ minimum: 0 });
/** Exact, in US dollars; a correction may be negative. */
const usd = Type.String({ pattern: '^-?[0-9]+(\\.[0-9]{1,12})?$' });
export const limitUsd = Type.String({
  pattern: USD_PATTERN,
  description: 'US dollars as a decimal string',
});
export const limitCount = Type.Integer({ minimum: 0, maximum: 1_000_000_000_000 });

/** What a scope may use up; null is no limit, 0 is a limit. Windows are UTC's; minutes and 30 days slide. */
export const limitFields = {
  usd_per_hour: orNull(limitUsd),
  usd_per_day: orNull(limitUsd),
  /** From Sunday. */
  usd_per_week: orNull(limitUsd),
  usd_per_month: orNull(limitUsd),
  /** The 30 days that end now, by days of UTC; a month is the calendar's. */
  usd_per_30_days: orNull(limitUsd),
  usd_in_total: orNull(limitUsd),
  tokens_per_minute: orNull(limitCount),
  requests_per_minute: orNull(limitCount),
};

const scopeKind = Type.Union([
  Type.Literal('organization'),
  Type.Literal('project'),
  Type.Literal('team'),
  Type.Literal('person'),
  Type.Literal('key'),
  /** What calls bring along. */
  Type.Literal('context'),
  /** Parts of the others. */
  Type.Literal('model'),
  Type.Literal('session'),
  Type.Literal('agent'),
  Type.Literal('tag'),
  Type.Literal('end_user'),
]);

/** Of what a budget is a part, and how it is called. */
const part = orNull(
  Type.Object({ scope_kind: Type.String(), facet: Type.String(), name: Type.String() }),
);

/** A limit and where its current window stands. */
export const balance = Type.Object({
  measure: Type.Union([Type.Literal('cost'), Type.Literal('tokens'), Type.Literal('requests')]),
  period: Type.Union([
    Type.Literal('minute'),
    Type.Literal('hour'),
    Type.Literal('day'),
    Type.Literal('week'),
    Type.Literal('month'),
    Type.Literal('30_days'),
    Type.Literal('total'),
  ]),
  /** Of `cost`: US dollars. Of the others: a whole number. All as decimal strings. */
  limit: Type.String(),
  /** What calls that have ended used up; of a window that slides, also what those under way may use. */
  settled: Type.String(),
  reserved: Type.String(),
  remaining: Type.String(),
  /** When the window is empty again; null where the window slides, and for a total. */
  resets_at: instantOrNull,
});

export const budget = Type.Object({
  scope_kind: scopeKind,
  scope_id: Type.String(),
  /** Null: it is no part of another scope. */
  part,
  ...limitFields,
  balances: Type.Array(balance),
});

export const listBudgets = endpoint({
  id: 'ledger.listBudgets',
  method: 'GET',
  path: '/api/v1/budgets',
  surface: 'own',
  summary:
    'List the limits of the organization, its projects, teams, people and keys, and what is left',
  permission: 'spend:read',
  audit: 'read',
  query: Type.Object({
    /** Parts are listed only where they are asked for: there may be as many as sessions. */
    scope_kind: Type.Optional(scopeKind),
    scope_id: Type.Optional(Type.String({ maxLength: 1000 })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
    cursor: Type.Optional(Type.String({ maxLength: 1000 })),
  }),
  output: Type.Object({ budgets: Type.Array(budget), next_cursor: textOrNull }),
});

/** The limits of a key are part of the key, `/api/v1/keys/{key_id}`. */
export const setBudget = endpoint({
  id: 'ledger.setBudget',
  method: 'PUT',
  path: '/api/v1/budgets/{scope_kind}/{scope_id}',
  surface: 'own',
  summary: 'Replace the limits of the organization or of a project; what is left out is unlimited',
  permission: 'budget:write',
  audit: 'record',
  params: Type.Object({
    scope_kind: Type.Union([Type.Literal('organization'), Type.Literal('project')]),
    scope_id: Type.String({ minLength: 1, maxLength: 100 }),
  }),
  body: Type.Partial(Type.Object(limitFields)),
  output: budget,
});

const status = Type.Union([
  Type.Literal('ok'),
  Type.Literal('error'),
  Type.Literal('aborted'),
  Type.Literal('expired'),
]);

/** What one call cost, or the later correction of a call whose cost was unknown at first. */
export const spend = Type.Object({
  id,
  kind: Type.Union([Type.Literal('settlement'), Type.Literal('correction')]),
  project_id: id,
  key_id: idOrNull,
  run_id: idOrNull,
  worker_id: idOrNull,
  team_id: textOrNull,
  person_id: textOrNull,
  model: Type.String(),
  deployment: Type.String(),
  provider: textOrNull,
  /** Null: the model has no known price. */
  cost_usd: orNull(usd),
  /** What it did not cost: its answer, or a part of it, was kept from an earlier call; else null. */
  saved_usd: orNull(usd),
  reserved_usd: usd,
  /** What exceeded the reservation. */
  overrun_usd: usd,
  input_tokens: Type.Integer(),
  cached_input_tokens: Type.Integer(),
  cache_write_tokens: Type.Integer(),
  output_tokens: Type.Integer(),
  usage_source: Type.Union([
    Type.Literal('provider'),
    Type.Literal('estimate'),
    Type.Literal('declared_by_worker'),
    Type.Literal('unknown'),
    /** The answer was kept from an earlier call: it cost nothing. */
    Type.Literal('cache'),
    /** It was spent past the gateway, and told afterwards. */
    Type.Literal('declared'),
  ]),
  status,
  started_at: instant,
  settled_at: instant,
  session_id: textOrNull,
  agent: textOrNull,
  tags: Type.Array(Type.String()),
});

/** Which calls are listed. */
const listed = {
  ...spendFilter,
  run_id: Type.Optional(id),
  status: Type.Optional(status),
  /** Calls that started at or after; before. */
  since: Type.Optional(instant),
  until: Type.Optional(instant),
};
const cursor = Type.Optional(Type.String({ pattern: '^[0-9a-f-]{36}\\.[01]$' }));

/** Of one organization: a page may be shorter than its limit, and only a cursor that is null ends it. */
export const listSpend = endpoint({
  id: 'ledger.listSpend',
  method: 'GET',
  path: '/api/v1/spend',
  surface: 'own',
  summary: 'List what calls cost, newest first, with the totals of all that match',
  permission: 'spend:read',
  audit: 'read',
  query: Type.Object({
    ...listed,
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
    cursor,
  }),
  output: Type.Object({
    spend: Type.Array(spend),
    next_cursor: textOrNull,
    /** On the first page only. */
    totals: orNull(
      Type.Object({
        calls: count,
        cost_usd: usd,
        input_tokens: count,
        output_tokens: count,
        /** Calls whose model has no known price: their cost is not in `cost_usd`. */
        unpriced_calls: count,
        /** Calls that were answered from what earlier ones had brought, and what all of that saved. */
        cached_calls: count,
        saved_usd: usd,
      }),
    ),
  }),
});

export const exportSpend = endpoint({
  id: 'ledger.exportSpend',
  method: 'GET',
  path: '/api/v1/spend/export',
  surface: 'own',
  summary: 'Export what calls cost, a call a line, newest first, as JSON lines or CSV',
  permission: 'spend:read',
  audit: 'read',
  query: Type.Object({
    ...listed,
    format: Type.Optional(Type.Union([Type.Literal('jsonl'), Type.Literal('csv')])),
    /** Goes on after this call: `id.0`, or `id.1` for its correction. */
    cursor,
  }),
  output: Type.String(),
  mediaTypes: ['application/x-ndjson', 'text/csv'],
});

/** The fields of one settled call that the audit chain's batch digest covers. */
export interface SettledCall {
  readonly id: string;
  /** 0: the settlement; 1: its correction. */
  readonly entry: number;
  readonly projectId: string;
  readonly keyId: string | null;
  readonly runId: string | null;
  readonly model: string;
  readonly status: string;
  readonly usageSource: string;
  readonly inputTokens: bigint;
  readonly outputTokens: bigint;
  readonly costPusd: bigint;
  readonly overrunPusd: bigint;
}

/** The record of kind `call.settled`; a batch has them in the order of id and entry. */
export const settledCallRecord = (call: SettledCall): BatchRecord => [
  call.id,
  String(call.entry),
  call.projectId,
  call.keyId ?? '',
  call.runId ?? '',
  call.model,
  call.status,
  call.usageSource,
  String(call.inputTokens),
  String(call.outputTokens),
  String(call.costPusd),
  String(call.overrunPusd),
];
