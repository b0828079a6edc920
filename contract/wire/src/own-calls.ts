import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { id, instantOrNull } from './schemas.ts';
import { model } from './tags.ts';
import { epoch } from './worker.ts';

/**
 * A worker that calls a provider with its own credentials reserves before the call and settles after.
 * Under one `Idempotency-Key` a call of a run is reserved once, however often it is asked for.
 */
export const reserveForRun = endpoint({
  id: 'fleet.reserveForRun',
  method: 'POST',
  path: '/api/v1/fleet/runs/{run_id}/reservations',
  surface: 'fleet',
  summary: 'Reserve budget for a model call that the worker makes itself',
  permission: 'fleet:report',
  audit: 'batch',
  params: Type.Object({ run_id: id }),
  body: Type.Object({
    epoch,
    model,
    /** Upper bounds; what the call can cost at most. */
    input_tokens_max: Type.Integer({ minimum: 0, maximum: 100_000_000 }),
    output_tokens_max: Type.Integer({ minimum: 0, maximum: 100_000_000 }),
  }),
  output: Type.Object({ reservation_id: id, expires_at: instantOrNull }),
  status: 201,
});

export const settleForRun = endpoint({
  id: 'fleet.settleForRun',
  method: 'POST',
  path: '/api/v1/fleet/runs/{run_id}/reservations/{reservation_id}/settlement',
  surface: 'fleet',
  summary: 'Settle a reservation with what the call used; marked as declared by the worker',
  permission: 'fleet:report',
  audit: 'batch',
  params: Type.Object({ run_id: id, reservation_id: id }),
  body: Type.Object({
    epoch,
    input_tokens: Type.Integer({ minimum: 0, maximum: 1_000_000_000 }),
    output_tokens: Type.Integer({ minimum: 0, maximum: 1_000_000_000 }),
    duration_ms: Type.Optional(Type.Integer({ minimum: 0, maximum: 2_147_483_647 })),
    /** The call failed before it used anything. */
    failed: Type.Optional(Type.Boolean()),
  }),
  output: Type.Object({ cost_usd: Type.String() }),
});
