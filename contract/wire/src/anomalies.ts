/** What workers do that they should not, and what is made of it. */
import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { id, instant, instantOrNull, orNull, textOrNull } from './schemas.ts';
import { pool } from './tags.ts';

export const ANOMALY_KINDS = [
  'rate_limit',
  'excessive_failures',
  'heartbeat_timeout',
  'model_mismatch',
] as const;
export type AnomalyKind = (typeof ANOMALY_KINDS)[number];
const kind = Type.Union([
  Type.Literal('rate_limit'),
  Type.Literal('excessive_failures'),
  Type.Literal('heartbeat_timeout'),
  Type.Literal('model_mismatch'),
]);

const anomaly = Type.Object({
  id,
  worker_id: id,
  kind,
  pool: Type.String(),
  observed: Type.Integer(),
  allowed: Type.Integer(),
  raised_at: instant,
  /** Whether the worker was revoked with it. */
  revoked: Type.Boolean(),
  cleared_at: instantOrNull,
  cleared_by: textOrNull,
});

export const listAnomalies = endpoint({
  id: 'fleet.listAnomalies',
  method: 'GET',
  path: '/api/v1/fleet/anomalies',
  surface: 'own',
  summary: 'List anomalies of workers, newest first',
  permission: 'fleet:read',
  audit: 'read',
  query: Type.Object({
    worker_id: Type.Optional(id),
    kind: Type.Optional(kind),
    /** Those that nobody has reset. */
    open: Type.Optional(Type.Union([Type.Literal('true'), Type.Literal('false')])),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
  }),
  output: Type.Object({ anomalies: Type.Array(anomaly) }),
});

export const resetWorker = endpoint({
  id: 'fleet.resetWorker',
  method: 'POST',
  path: '/api/v1/fleet/workers/{worker_id}/reset',
  surface: 'own',
  summary: 'Clear the anomalies of a worker, and count anew; it does not undo a revocation',
  permission: 'fleet:administer',
  audit: 'record',
  params: Type.Object({ worker_id: id }),
  output: Type.Object({ worker_id: id, cleared: Type.Integer() }),
});

const limit = Type.Integer({ minimum: 1, maximum: 1_000_000_000 });
const thresholds = {
  /** Polls that ask for work and get none, and runs held beyond what the worker takes at once. */
  claims_per_minute: limit,
  failures_per_hour: limit,
  silence_seconds: limit,
  mismatches_per_hour: limit,
  /** Within which different kinds come together, and one kind is told once. */
  window_seconds: limit,
  /** How many different kinds within the window revoke the worker; 0: none ever does. */
  kinds_to_revoke: Type.Integer({ minimum: 0, maximum: ANOMALY_KINDS.length }),
};

const own = Type.Object({
  /** Null: of the whole organization. */
  pool: textOrNull,
  claims_per_minute: orNull(limit),
  failures_per_hour: orNull(limit),
  silence_seconds: orNull(limit),
  mismatches_per_hour: orNull(limit),
  window_seconds: orNull(limit),
  kinds_to_revoke: orNull(thresholds.kinds_to_revoke),
});

export const getAnomalySettings = endpoint({
  id: 'fleet.getAnomalySettings',
  method: 'GET',
  path: '/api/v1/fleet/anomalies/settings',
  surface: 'own',
  summary: 'Read what counts as an anomaly: the defaults, and what the organization has changed',
  permission: 'fleet:read',
  audit: 'read',
  output: Type.Object({ defaults: Type.Object(thresholds), settings: Type.Array(own) }),
});

export const setAnomalySettings = endpoint({
  id: 'fleet.setAnomalySettings',
  method: 'PUT',
  path: '/api/v1/fleet/anomalies/settings',
  surface: 'own',
  summary: 'Change thresholds of the organization, or of one pool; null is the default again',
  permission: 'fleet:administer',
  audit: 'record',
  body: Type.Object({
    pool: Type.Optional(pool),
    claims_per_minute: Type.Optional(orNull(limit)),
    failures_per_hour: Type.Optional(orNull(limit)),
    silence_seconds: Type.Optional(orNull(limit)),
    mismatches_per_hour: Type.Optional(orNull(limit)),
    window_seconds: Type.Optional(orNull(limit)),
    kinds_to_revoke: Type.Optional(orNull(thresholds.kinds_to_revoke)),
  }),
  output: own,
});
