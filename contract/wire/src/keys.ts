import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { NAME_PATTERN } from './identity.ts';
import { MODEL_PATTERN } from './model-name.ts';
import { USD_PATTERN } from './money.ts';
import { id, idOrNull, instant, instantOrNull, orNull } from './schemas.ts';

const name = Type.String({ minLength: 1, maxLength: 100, pattern: NAME_PATTERN });
const usd = Type.String({
  pattern: USD_PATTERN,
  description: 'US dollars as a decimal string',
});
const perMinute = Type.Integer({ minimum: 0, maximum: 1_000_000_000_000 });

/** What may be spent; null is no limit. The windows are the ledger's (UTC; weeks from Sunday). */
export const limits = Type.Object({
  budget: Type.Object({
    usd_per_hour: orNull(usd),
    usd_per_day: orNull(usd),
    usd_per_week: orNull(usd),
    usd_per_month: orNull(usd),
    /** Those that end now; a month is the calendar's. */
    usd_per_30_days: orNull(usd),
    usd_in_total: orNull(usd),
    /**
     * Whether a call without `max_tokens` is sent with a cap that fits into what is left. Without
     * it such a call is refused when the maximum of its model does not fit.
     */
    cap: Type.Boolean(),
  }),
  tokens_per_minute: orNull(perMinute),
  requests_per_minute: orNull(perMinute),
});

/** What is left out stays as it is; at creation: no limit, and calls are capped. */
const limitChanges = {
  budget: Type.Optional(
    Type.Object({
      usd_per_hour: Type.Optional(orNull(usd)),
      usd_per_day: Type.Optional(orNull(usd)),
      usd_per_week: Type.Optional(orNull(usd)),
      usd_per_month: Type.Optional(orNull(usd)),
      usd_per_30_days: Type.Optional(orNull(usd)),
      usd_in_total: Type.Optional(orNull(usd)),
      cap: Type.Optional(Type.Boolean()),
    }),
  ),
  tokens_per_minute: Type.Optional(orNull(perMinute)),
  requests_per_minute: Type.Optional(orNull(perMinute)),
};

/** What becomes of a stream whose client goes away: it is given up, or read to its end and booked exactly. */
export const onClientLeft = Type.Union([Type.Literal('abort'), Type.Literal('drain')]);

export const virtualKey = Type.Object({
  id,
  name: Type.String(),
  project_id: id,
  /** The first and last characters, enough to recognise the key by. */
  hint: Type.String(),
  /** Names of models as they were given; empty allows every model. */
  models: Type.Array(Type.String()),
  created_at: instant,
  created_by: Type.String(),
  expires_at: instantOrNull,
  blocked_at: instantOrNull,
  revoked_at: instantOrNull,
  on_client_left: onClientLeft,
  ...limits.properties,
});

const models = Type.Array(Type.String({ minLength: 1, maxLength: 300, pattern: MODEL_PATTERN }), {
  maxItems: 500,
});

export const createKey = endpoint({
  id: 'gateway.createKey',
  method: 'POST',
  path: '/api/v1/keys',
  surface: 'own',
  summary: 'Create a virtual key in the project; the answer is the only place where it is shown',
  permission: 'key:write',
  audit: 'record',
  body: Type.Object({
    name,
    models: Type.Optional(models),
    expires_in_seconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 315_360_000 })),
    on_client_left: Type.Optional(onClientLeft),
    ...limitChanges,
  }),
  output: Type.Object({ ...virtualKey.properties, key: Type.String() }),
  status: 201,
});

export const listKeys = endpoint({
  id: 'gateway.listKeys',
  method: 'GET',
  path: '/api/v1/keys',
  surface: 'own',
  summary: 'List the virtual keys of the organization; their values cannot be read again',
  permission: 'key:read',
  audit: 'read',
  query: Type.Object({
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
    cursor: Type.Optional(id),
  }),
  output: Type.Object({ keys: Type.Array(virtualKey), next_cursor: idOrNull }),
});

const keyId = Type.Object({ key_id: id });

export const getKey = endpoint({
  id: 'gateway.getKey',
  method: 'GET',
  path: '/api/v1/keys/{key_id}',
  surface: 'own',
  summary: 'Read a virtual key and its limits',
  permission: 'key:read',
  audit: 'read',
  params: keyId,
  output: virtualKey,
});

export const updateKey = endpoint({
  id: 'gateway.updateKey',
  method: 'PATCH',
  path: '/api/v1/keys/{key_id}',
  surface: 'own',
  summary: 'Change the limits or the models of a virtual key, block it or let it go on',
  permission: 'key:write',
  audit: 'record',
  params: keyId,
  body: Type.Object({
    models: Type.Optional(models),
    blocked: Type.Optional(Type.Boolean()),
    on_client_left: Type.Optional(onClientLeft),
    ...limitChanges,
  }),
  output: virtualKey,
});

export const revokeKey = endpoint({
  id: 'gateway.revokeKey',
  method: 'POST',
  path: '/api/v1/keys/{key_id}/revoke',
  surface: 'own',
  summary: 'Revoke a virtual key: within a second no server accepts it',
  permission: 'key:write',
  audit: 'record',
  params: keyId,
  output: virtualKey,
});
