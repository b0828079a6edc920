import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { id, idOrNull, orNull, textOrNull } from './schemas.ts';

const count = Type.Integer({ minimum: 0 });
/** Exact, in US dollars; the corrections of a day may be negative. */
const usd = Type.String({ pattern: '^-?[0-9]+(\\.[0-9]{1,12})?$' });
const name = Type.String({ minLength: 1, maxLength: 300 });
const day = Type.String({ format: 'date' });

/** What spend can be told apart by. */
export const SPEND_NAMES = [
  'day',
  'project',
  'key',
  'team',
  'person',
  'model',
  'provider',
  'agent',
  'session',
  'tag',
] as const;
export type SpendName = (typeof SPEND_NAMES)[number];
const anyName = SPEND_NAMES.join('|');

/** Which calls count. */
export const spendFilter = {
  project_id: Type.Optional(id),
  key_id: Type.Optional(id),
  team: Type.Optional(name),
  person: Type.Optional(name),
  model: Type.Optional(name),
  provider: Type.Optional(name),
  agent: Type.Optional(name),
  session: Type.Optional(name),
  tag: Type.Optional(name),
};

const sums = {
  calls: count,
  /** Of those: ended with an error. */
  failed_calls: count,
  /** Of those: without a known price. What they cost is in no sum. */
  unpriced_calls: count,
  cost_usd: usd,
  input_tokens: Type.Integer(),
  /** Parts of `input_tokens`. */
  cached_input_tokens: Type.Integer(),
  cache_write_tokens: Type.Integer(),
  output_tokens: Type.Integer(),
};

/** What it was not asked to be told apart by is null, and so is what calls do not have. */
const spendGroup = Type.Object({
  day: orNull(day),
  project_id: idOrNull,
  key_id: idOrNull,
  team: textOrNull,
  person: textOrNull,
  model: textOrNull,
  provider: textOrNull,
  agent: textOrNull,
  session: textOrNull,
  tag: textOrNull,
  ...sums,
});

export const reportSpend = endpoint({
  id: 'ledger.reportSpend',
  method: 'GET',
  path: '/api/v1/spend/report',
  surface: 'own',
  summary:
    'Sum up what calls cost, by day, project, key, team, person, model, agent, session or tag',
  permission: 'spend:read',
  audit: 'read',
  query: Type.Object({
    ...spendFilter,
    /** By comma; `model` unless said. Not both of session and tag. */
    group_by: Type.Optional(
      Type.String({ maxLength: 100, pattern: `^(${anyName})(,(${anyName}))*$` }),
    ),
    /** UTC days, both within: calls that started on them. */
    since: Type.Optional(day),
    until: Type.Optional(day),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
    cursor: Type.Optional(Type.String({ pattern: '^[1-9][0-9]{0,8}$' })),
  }),
  output: Type.Object({
    /** The dearest first; where days are told apart, day by day. */
    groups: Type.Array(spendGroup),
    /** Of all that match. By tag: of the calls that have tags, once for each. */
    totals: Type.Object(sums),
    next_cursor: textOrNull,
  }),
});
