import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { MODEL_PATTERN } from './model-name.ts';
import { id, instant, instantOrNull } from './schemas.ts';
import { pool } from './tags.ts';
import { name } from './worker.ts';

const allowedModels = Type.Array(
  Type.String({ minLength: 1, maxLength: 200, pattern: MODEL_PATTERN }),
  { maxItems: 200 },
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
  permission: 'fleet:administer',
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
