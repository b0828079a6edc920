/**
 * What happened to workers, keys and runs, as read from the audit log. A batch of up to 200 runs is an event
 * a run; a larger one is one event that says how many, and is no worker's.
 */
import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { id, instant, textOrNull } from './schemas.ts';

export const FLEET_EVENT_TYPES = [
  'worker.registered',
  'worker.approved',
  // One of the two people that an organization may ask for.
  'worker.approval_given',
  'worker.rejected',
  'worker.revoked',
  'worker.heartbeat_missed',
  'worker.evicted',
  'worker.banned',
  'worker.locked',
  'worker.drained',
  'worker.resumed',
  'worker.anomaly',
  'worker.reset',
  'enrollment_key.created',
  'enrollment_key.revoked',
  'enrollment_key.used',
  'run.claimed',
  'run.reported',
  'run.timeout',
  'run.stalled',
  'queue.unmatchable',
  'token.issued',
  'token.revoked',
] as const;
export type FleetEventType = (typeof FLEET_EVENT_TYPES)[number];

export const listFleetEvents = endpoint({
  id: 'fleet.listEvents',
  method: 'GET',
  path: '/api/v1/fleet/audit',
  surface: 'fleet',
  summary: 'Read what happened to workers, keys and runs, newest first, from the audit log',
  permission: 'audit:read',
  audit: 'read',
  query: Type.Object({
    event_type: Type.Optional(
      Type.String({ maxLength: 60, description: 'One of the event types, such as run.claimed.' }),
    ),
    worker_id: Type.Optional(id),
    since: Type.Optional(instant),
    until: Type.Optional(instant),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
    cursor: Type.Optional(Type.String({ pattern: '^[1-9][0-9]{0,14}\\.[0-9]{1,6}$' })),
  }),
  output: Type.Object({
    events: Type.Array(
      Type.Object({
        /** `<number of the entry>.<place in it>`. */
        id: Type.String(),
        event_type: Type.String(),
        worker_id: textOrNull,
        /** What else it is about: a run, a key. Null for a batch that names only its first and last. */
        subject: textOrNull,
        actor: Type.String(),
        details: Type.Record(Type.String(), Type.Unknown()),
        created_at: instant,
        /** Of the entry in the chain that proves it. */
        seq: Type.Integer(),
      }),
    ),
    total: Type.Integer({ description: 'Of the events in this answer.' }),
    next_cursor: textOrNull,
  }),
});
