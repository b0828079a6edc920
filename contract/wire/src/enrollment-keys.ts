import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { MODEL_PATTERN } from './model-name.ts';
import { id, instant, instantOrNull } from './schemas.ts';
import { pool } from './tags.ts';
import { name } from './worker.ts';

export const allowedModels = Type.Array(
  Type.String({ minLength: 1, maxLength: 200, pattern: MODEL_PATTERN }),
  { maxItems: 200 },
);

/** `region=eu` allows that value, `tier=*` any value; a label whose key is not named is not allowed. */
export const allowedLabels = Type.Array(
  Type.String({ minLength: 2, maxLength: 400, pattern: '^[^=\\u0000]{1,200}=[^\\u0000]{0,200}$' }),
  { maxItems: 200 },
);

/** `10.0.0.0/8`, `2001:db8::/32`, or one address. */
export const allowedCidrs = Type.Array(
  Type.String({ minLength: 2, maxLength: 50, pattern: '^[0-9A-Fa-f.:]+(/[0-9]{1,3})?$' }),
  { maxItems: 100 },
);

const enrollmentKey = Type.Object({
  id,
  name: Type.String(),
  max_uses: Type.Union([Type.Integer(), Type.Null()]),
  current_uses: Type.Integer(),
  expires_at: instantOrNull,
  /** Empty: any. */
  allowed_pools: Type.Array(Type.String()),
  allowed_models: Type.Array(Type.String()),
  allowed_labels: Type.Array(Type.String()),
  allowed_cidrs: Type.Array(Type.String()),
  /** False: a worker that it enrolls waits for a person all the same. */
  auto_approve: Type.Boolean(),
  /** Until when the value before the last rotation is still taken; null: it is not. */
  overlap_until: instantOrNull,
  created_at: instant,
  created_by: Type.String(),
  revoked: Type.Boolean(),
});

export const listEnrollmentKeys = endpoint({
  id: 'fleet.listEnrollmentKeys',
  method: 'GET',
  path: '/api/v1/fleet/enrollment-keys',
  surface: 'fleet',
  summary: 'List enrollment keys; their values cannot be read again',
  permission: 'enrollment:read',
  audit: 'read',
  output: Type.Object({ keys: Type.Array(enrollmentKey), total: Type.Integer() }),
});

export const createEnrollmentKey = endpoint({
  id: 'fleet.createEnrollmentKey',
  method: 'POST',
  path: '/api/v1/fleet/enrollment-keys',
  surface: 'fleet',
  summary: 'Create an enrollment key; the answer is the only place where its value is shown',
  permission: 'fleet:administer',
  audit: 'record',
  body: Type.Object({
    name,
    max_uses: Type.Optional(
      Type.Union([Type.Integer({ minimum: 1, maximum: 2_147_483_647 }), Type.Null()]),
    ),
    expires_in_seconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 315_360_000 })),
    expires_at: Type.Optional(instantOrNull),
    /** Empty or left out: any. `pools`, `pool` and `models` are older names. */
    allowed_pools: Type.Optional(Type.Array(pool, { maxItems: 100 })),
    allowed_models: Type.Optional(allowedModels),
    pools: Type.Optional(Type.Array(pool, { maxItems: 100 })),
    pool: Type.Optional(Type.Union([pool, Type.Null()])),
    models: Type.Optional(allowedModels),
    /** Empty or left out: any. What a worker declares beyond it makes it pending. */
    allowed_labels: Type.Optional(allowedLabels),
    /** Empty or left out: any. From another address the key is refused. */
    allowed_cidrs: Type.Optional(allowedCidrs),
    /** True unless said. */
    auto_approve: Type.Optional(Type.Boolean()),
    /** The same as `max_uses: 1`. */
    single_use: Type.Optional(Type.Boolean()),
  }),
  output: Type.Object({ ...enrollmentKey.properties, key: Type.String() }),
  status: 201,
});

export const revokeEnrollmentKey = endpoint({
  id: 'fleet.revokeEnrollmentKey',
  method: 'DELETE',
  path: '/api/v1/fleet/enrollment-keys/{key_id}',
  surface: 'fleet',
  summary: 'Revoke an enrollment key; workers that it enrolled stay',
  permission: 'fleet:administer',
  audit: 'record',
  params: Type.Object({ key_id: id }),
  output: Type.Object({ status: Type.Literal('ok') }),
});

export const rotateEnrollmentKey = endpoint({
  id: 'fleet.rotateEnrollmentKey',
  method: 'POST',
  path: '/api/v1/fleet/enrollment-keys/{key_id}/rotate',
  surface: 'fleet',
  summary: 'Give an enrollment key a new value; the old one is taken until the overlap ends',
  permission: 'fleet:administer',
  audit: 'record',
  params: Type.Object({ key_id: id }),
  body: Type.Object({
    /** 0 unless said: the old value ends at once. At most 30 days. */
    overlap_seconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 2_592_000 })),
  }),
  output: Type.Object({ ...enrollmentKey.properties, key: Type.String() }),
});
