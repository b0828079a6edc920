/** What the endpoints for workers and those for their administrators say alike. */
import { Type } from 'typebox';

/** What a worker token may be used for. */
export const WORKER_SCOPES = ['claim', 'report', 'heartbeat'] as const;
export type WorkerScope = (typeof WORKER_SCOPES)[number];
export const workerScopes = Type.Array(
  Type.Union([Type.Literal('claim'), Type.Literal('report'), Type.Literal('heartbeat')]),
  { minItems: 1, maxItems: 3, uniqueItems: true },
);

/**
 * `locked`: its credential was used twice. `evicted` may enroll again, `banned` may not; `revoked` and
 * `rejected` are an administrator's no to this worker.
 */
export const WORKER_STATES = [
  'pending',
  'approved',
  'rejected',
  'revoked',
  'locked',
  'evicted',
  'banned',
] as const;
export type WorkerState = (typeof WORKER_STATES)[number];
export const workerState = Type.Union([
  Type.Literal('pending'),
  Type.Literal('approved'),
  Type.Literal('rejected'),
  Type.Literal('revoked'),
  Type.Literal('locked'),
  Type.Literal('evicted'),
  Type.Literal('banned'),
]);

/** Of a lease or of a worker session: a newer one has a greater one. */
export const epoch = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });

/** What people call a worker, or a key that lets one register. */
export const name = Type.String({
  minLength: 1,
  maxLength: 100,
  pattern: '^[^\\u0000-\\u001f\\u007f]+$',
});
