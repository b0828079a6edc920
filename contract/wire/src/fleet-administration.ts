import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { probeResult, probeStatus } from './probe.ts';
import { id, idOrNull, instant, instantOrNull, textOrNull } from './schemas.ts';
import { pool } from './tags.ts';
import { workerScopes, workerState } from './worker.ts';

export const worker = Type.Object({
  id,
  name: Type.String(),
  project_id: idOrNull,
  status: workerState,
  /** Why it is pending. */
  reason: textOrNull,
  pool: Type.String(),
  models: Type.Array(Type.String()),
  models_canonical: Type.Array(Type.String()),
  labels: Type.Record(Type.String(), Type.String()),
  /** Of its code, as it says; null: it does not say. */
  version: textOrNull,
  /** The public half, in hex, of the key that opens what is sealed for it; null: it has none. */
  seal_key: textOrNull,
  max_concurrent: Type.Integer(),
  active_runs: Type.Integer(),
  /** It is asked to go, and is given nothing more. */
  draining: Type.Boolean(),
  last_heartbeat: instantOrNull,
  registered_at: instant,
  approved_at: instantOrNull,
  /** `enrollment-key`, or who approved it. */
  approved_by: textOrNull,
  /** `degraded`: it cannot reach some of its models, and is not offered them. */
  probe_status: probeStatus,
  last_probe_at: instantOrNull,
  probes: Type.Array(probeResult),
  ip_allowlist: Type.Array(Type.String()),
  requires_dual_approval: Type.Boolean(),
  /** Who has approved it first, where two must. */
  first_approved_by: textOrNull,
  connection_type: Type.Null(),
});

export const listWorkers = endpoint({
  id: 'fleet.listWorkers',
  method: 'GET',
  path: '/api/v1/fleet/workers',
  surface: 'fleet',
  summary: 'List the workers of the organization',
  permission: 'fleet:read',
  audit: 'read',
  query: Type.Object({
    status: Type.Optional(workerState),
    pool: Type.Optional(pool),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
  }),
  output: Type.Object({ workers: Type.Array(worker), total: Type.Integer() }),
});

const ofWorker = Type.Object({ worker_id: id });

export const getWorker = endpoint({
  id: 'fleet.getWorker',
  method: 'GET',
  path: '/api/v1/fleet/workers/{worker_id}',
  surface: 'fleet',
  summary: 'Read a worker',
  permission: 'fleet:read',
  audit: 'read',
  params: ofWorker,
  output: worker,
});

const decided = Type.Object({ status: workerState, worker_id: id });

/** Approving may take two people, as the organization says. */
const approved = Type.Object({
  ...decided.properties,
  approvals: Type.Optional(Type.Object({ given: Type.Integer(), needed: Type.Integer() })),
});

export const approveWorker = endpoint({
  id: 'fleet.approveWorker',
  method: 'POST',
  path: '/api/v1/fleet/workers/{worker_id}/approve',
  surface: 'fleet',
  summary: 'Approve a pending worker; where two must, the first is only noted',
  permission: 'fleet:administer',
  audit: 'record',
  params: ofWorker,
  output: approved,
});

export const rejectWorker = endpoint({
  id: 'fleet.rejectWorker',
  method: 'POST',
  path: '/api/v1/fleet/workers/{worker_id}/reject',
  surface: 'fleet',
  summary: 'Reject a pending worker',
  permission: 'fleet:administer',
  audit: 'record',
  params: ofWorker,
  output: decided,
});

export const revokeWorker = endpoint({
  id: 'fleet.revokeWorker',
  method: 'POST',
  path: '/api/v1/fleet/workers/{worker_id}/revoke',
  surface: 'fleet',
  summary: 'Revoke an approved worker: within a second it is refused, and its runs go to others',
  permission: 'fleet:administer',
  audit: 'record',
  params: ofWorker,
  output: decided,
});

export const evictWorker = endpoint({
  id: 'fleet.evictWorker',
  method: 'POST',
  path: '/api/v1/fleet/workers/{worker_id}/evict',
  surface: 'fleet',
  summary: 'End a worker and its credential; its machine may enroll again',
  permission: 'fleet:administer',
  audit: 'record',
  params: ofWorker,
  output: decided,
});

export const banWorker = endpoint({
  id: 'fleet.banWorker',
  method: 'POST',
  path: '/api/v1/fleet/workers/{worker_id}/ban',
  surface: 'fleet',
  summary: 'End a worker for good: its key pair is refused at registration too',
  permission: 'fleet:administer',
  audit: 'record',
  params: ofWorker,
  output: decided,
});

export const unlockWorker = endpoint({
  id: 'fleet.unlockWorker',
  method: 'POST',
  path: '/api/v1/fleet/workers/{worker_id}/unlock',
  surface: 'fleet',
  summary: 'Let a locked worker work again, with the credential that it has',
  permission: 'fleet:administer',
  audit: 'record',
  params: ofWorker,
  output: decided,
});

const drained = Type.Object({
  worker_id: id,
  draining: Type.Boolean(),
  /** It holds nothing. */
  safe: Type.Boolean(),
  active_runs: Type.Integer(),
});

export const drainWorker = endpoint({
  id: 'fleet.drainWorker',
  method: 'POST',
  path: '/api/v1/fleet/workers/{worker_id}/drain',
  surface: 'fleet',
  summary: 'Ask a worker to go: it finishes what it has, and is given nothing more',
  permission: 'fleet:administer',
  audit: 'record',
  params: ofWorker,
  output: drained,
});

export const undrainWorker = endpoint({
  id: 'fleet.undrainWorker',
  method: 'POST',
  path: '/api/v1/fleet/workers/{worker_id}/undrain',
  surface: 'fleet',
  summary: 'Let a worker stay that was asked to go',
  permission: 'fleet:administer',
  audit: 'record',
  params: ofWorker,
  output: drained,
});

export const issueWorkerToken = endpoint({
  id: 'fleet.issueWorkerToken',
  method: 'POST',
  path: '/api/v1/fleet/workers/{worker_id}/tokens',
  surface: 'fleet',
  summary: 'Issue a token that may open sessions of a worker: what `WRT_TOKEN` holds',
  permission: 'fleet:administer',
  audit: 'record',
  params: ofWorker,
  body: Type.Object({
    /** 30 days unless said. */
    expires_in_seconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 315_360_000 })),
    /** All unless said. */
    scopes: Type.Optional(workerScopes),
  }),
  output: Type.Object({ worker_id: id, token: Type.String(), expires_at: instant }),
  status: 201,
});
