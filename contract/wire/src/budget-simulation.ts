import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { balance, limitCount, limitUsd } from './ledger.ts';
import { idOrNull, instant, instantOrNull } from './schemas.ts';

const count = Type.Integer({ minimum: 0 });
const usd = Type.String();
const day = Type.String({ format: 'date' });

export const simulateBudget = endpoint({
  id: 'ledger.simulateBudget',
  method: 'GET',
  path: '/api/v1/budgets/simulation',
  surface: 'own',
  summary: 'Tell what limits would have refused of the calls of the past',
  permission: 'spend:read',
  audit: 'read',
  query: Type.Object({
    scope_kind: Type.Union([
      Type.Literal('organization'),
      Type.Literal('project'),
      Type.Literal('team'),
      Type.Literal('person'),
      Type.Literal('key'),
      Type.Literal('agent'),
      Type.Literal('session'),
      Type.Literal('tag'),
    ]),
    /** Of a project also its name. Of the organization, its id. */
    scope_id: Type.String({ minLength: 1, maxLength: 300 }),
    usd_per_hour: Type.Optional(limitUsd),
    usd_per_day: Type.Optional(limitUsd),
    usd_per_week: Type.Optional(limitUsd),
    usd_per_month: Type.Optional(limitUsd),
    usd_per_30_days: Type.Optional(limitUsd),
    usd_in_total: Type.Optional(limitUsd),
    tokens_per_minute: Type.Optional(limitCount),
    requests_per_minute: Type.Optional(limitCount),
    /** UTC days, both within; since seven days ago, until now, unless said. */
    since: Type.Optional(day),
    until: Type.Optional(day),
  }),
  output: Type.Object({
    scope_id: Type.String(),
    since: day,
    calls: count,
    cost_usd: usd,
    refused_calls: count,
    /** What the refused calls cost in fact. */
    refused_usd: usd,
    /** Without a known price: to a limit on money they cost nothing. */
    unpriced_calls: count,
    first_refused_at: instantOrNull,
    /** A call counts at the limit whose window empties last of those that refuse it. */
    by_limit: Type.Array(
      Type.Object({
        measure: balance.properties.measure,
        period: balance.properties.period,
        refused_calls: count,
        refused_usd: usd,
      }),
    ),
    /** The dearest first. */
    by_key_and_model: Type.Array(
      Type.Object({
        key_id: idOrNull,
        model: Type.String(),
        refused_calls: count,
        refused_usd: usd,
        first_refused_at: instant,
      }),
    ),
    /** False: there were more calls than are looked at; all of this is of those up to `read_until`. */
    is_whole: Type.Boolean(),
    read_until: instantOrNull,
  }),
});
