import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { allowedCidrs, allowedLabels, allowedModels } from './enrollment-keys.ts';
import { id, instant, instantOrNull } from './schemas.ts';
import { pool } from './tags.ts';
import { name, workerScopes } from './worker.ts';

/** A worker token of no worker yet: each process that registers with it becomes a worker of its own. */
const fleetToken = {
  id,
  name: Type.String(),
  /** Registrations; null: without limit. */
  max_uses: Type.Union([Type.Integer(), Type.Null()]),
  current_uses: Type.Integer(),
  expires_at: instantOrNull,
  /** Empty: any. */
  allowed_pools: Type.Array(Type.String()),
  allowed_models: Type.Array(Type.String()),
  allowed_labels: Type.Array(Type.String()),
  allowed_cidrs: Type.Array(Type.String()),
  /** What its workers may do. */
  scopes: Type.Array(Type.String()),
  created_at: instant,
  created_by: Type.String(),
  revoked: Type.Boolean(),
};

export const listFleetTokens = endpoint({
  id: 'fleet.listTokens',
  method: 'GET',
  path: '/api/v1/fleet/tokens',
  surface: 'fleet',
  summary: 'List pre-issued worker tokens; their values cannot be read again',
  permission: 'enrollment:read',
  audit: 'read',
  output: Type.Object({ tokens: Type.Array(Type.Object(fleetToken)), total: Type.Integer() }),
});

export const issueFleetToken = endpoint({
  id: 'fleet.issueToken',
  method: 'POST',
  path: '/api/v1/fleet/tokens',
  surface: 'fleet',
  summary: 'Issue a worker token that is good for registrations: what `WRT_TOKEN` holds',
  permission: 'fleet:administer',
  audit: 'record',
  body: Type.Object({
    name,
    /** Registrations; left out or null: any number. */
    max_uses: Type.Optional(
      Type.Union([Type.Integer({ minimum: 1, maximum: 2_147_483_647 }), Type.Null()]),
    ),
    /** 30 days unless said. */
    expires_in_seconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 315_360_000 })),
    allowed_pools: Type.Optional(Type.Array(pool, { maxItems: 100 })),
    allowed_models: Type.Optional(allowedModels),
    allowed_labels: Type.Optional(allowedLabels),
    allowed_cidrs: Type.Optional(allowedCidrs),
    /** All unless said. */
    scopes: Type.Optional(workerScopes),
  }),
  output: Type.Object({ ...fleetToken, token: Type.String() }),
  status: 201,
});

export const revokeFleetToken = endpoint({
  id: 'fleet.revokeToken',
  method: 'DELETE',
  path: '/api/v1/fleet/tokens/{token_id}',
  surface: 'fleet',
  summary: 'Revoke a pre-issued worker token; workers that registered with it stay',
  permission: 'fleet:administer',
  audit: 'record',
  params: Type.Object({ token_id: id }),
  output: Type.Object({ status: Type.Literal('ok') }),
});
