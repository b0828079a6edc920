import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { MODEL_PATTERN } from './model-name.ts';
import { labels, model, pool, RUNS_PER_BATCH_MAX, submission } from './runs.ts';

const id = Type.String({ format: 'uuid' });
const instant = Type.String({ format: 'date-time' });
const instantOrNull = Type.Union([instant, Type.Null()]);
const idOrNull = Type.Union([id, Type.Null()]);
const textOrNull = Type.Union([Type.String(), Type.Null()]);
const name = Type.String({ minLength: 1, maxLength: 100, pattern: '^[^\\u0000-\\u001f\\u007f]+$' });
const models = Type.Array(model, { maxItems: 200 });
const allowedModels = Type.Array(
  Type.String({ minLength: 1, maxLength: 200, pattern: MODEL_PATTERN }),
  { maxItems: 200 },
);
const epoch = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });

export const SLOTS_PER_POLL_MAX = 200;
export const POLL_TIMEOUT_SECONDS_MAX = 60;

/** What a worker token may be used for. */
export const WORKER_SCOPES = ['claim', 'report', 'heartbeat'] as const;
export type WorkerScope = (typeof WORKER_SCOPES)[number];

export const WORKER_STATES = ['pending', 'approved', 'rejected', 'revoked'] as const;
export type WorkerState = (typeof WORKER_STATES)[number];
const workerState = Type.Union([
  Type.Literal('pending'),
  Type.Literal('approved'),
  Type.Literal('rejected'),
  Type.Literal('revoked'),
]);

/** The fleet API's words for the state of a run. A cancelled run is `failed` here, and its error says so. */
export const TASK_STATES = ['pending', 'claimed', 'completed', 'failed'] as const;
export type TaskState = (typeof TASK_STATES)[number];
const taskState = Type.Union([
  Type.Literal('pending'),
  Type.Literal('claimed'),
  Type.Literal('completed'),
  Type.Literal('failed'),
]);

const capabilities = Type.Object({
  models: Type.Array(Type.String()),
  pool: Type.String(),
  labels: Type.Record(Type.String(), Type.String()),
  max_concurrent: Type.Integer(),
});

/** The credential of one session of a worker, and how to use it. */
const workerSession = {
  worker_id: id,
  status: workerState,
  capabilities,
  /** Grows with every session; what an older session says is refused with 409. */
  session_epoch: epoch,
  /** `wrt-1.…`; renewed in the answer to a heartbeat. */
  token: Type.String(),
  token_expires_at: instant,
  heartbeat_interval_ms: Type.Integer(),
};

export const registerWorker = endpoint({
  id: 'fleet.registerWorker',
  method: 'POST',
  path: '/api/v1/fleet/register',
  surface: 'fleet',
  summary: 'Enroll a worker: approved with an enrollment key, else pending',
  // An enrollment key, an access token, or nothing where the organization allows open registration.
  permission: 'public',
  audit: 'record',
  body: Type.Object({
    name: Type.Optional(name),
    models: Type.Optional(models),
    pool: Type.Optional(pool),
    labels: Type.Optional(labels),
    max_concurrent: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
    /** As the header `X-Enrollment-Key`: `sk-fleet-…`, or a worker token that may open sessions. */
    enrollment_key: Type.Optional(Type.String({ minLength: 1, maxLength: 4_096 })),
    /** Name or id; as the header `X-Organization`. For registration without a key. */
    organization: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  }),
  // Read from strangers.
  bodyBytesMax: 256 * 1024,
  output: Type.Object({
    ...workerSession,
    organization_id: id,
    /** Shown once; for `X-Worker-Id` and `X-Worker-Secret`. */
    worker_secret: Type.String(),
    /** Why it is pending. */
    reason: textOrNull,
    /** Declared models that the enrollment key does not allow: never claimed by this worker. */
    dropped_models: Type.Array(Type.String()),
  }),
  status: 201,
});

export const openWorkerSession = endpoint({
  id: 'fleet.openWorkerSession',
  method: 'POST',
  path: '/api/v1/fleet/sessions',
  surface: 'fleet',
  summary: 'Start a new session of a worker: the older one loses its runs to the queue',
  permission: 'fleet:heartbeat',
  audit: 'record',
  output: Type.Object(workerSession),
  status: 201,
});

/** What a worker gets with a run. `run_token` is what it calls models with; it dies with the lease. */
const lease = {
  run_id: id,
  org_id: id,
  project_id: id,
  pool: Type.String(),
  model: textOrNull,
  labels: Type.Record(Type.String(), Type.String()),
  payload: Type.Unknown(),
  worker_id: id,
  claimed_at: instant,
  epoch,
  attempt: Type.Integer({ minimum: 1 }),
  max_attempts: Type.Integer({ minimum: 1 }),
  deadline: instantOrNull,
  run_token: Type.String(),
};

export const claimRuns = endpoint({
  id: 'fleet.claimRuns',
  method: 'POST',
  path: '/api/v1/fleet/claim',
  surface: 'fleet',
  summary: 'Wait for runs. With `slots`: a list, possibly empty; without: one flat run, or 204',
  permission: 'fleet:claim',
  audit: 'batch',
  body: Type.Object({
    /** Seconds; 0 to 60, others are taken as the nearest. 5 unless said. */
    poll_timeout: Type.Optional(Type.Number()),
    slots: Type.Optional(Type.Integer({ minimum: 1, maximum: SLOTS_PER_POLL_MAX })),
    /** Made by the worker; the same one again returns the same leases. */
    poll_id: Type.Optional(id),
  }),
  output: Type.Union([
    Type.Object({ leases: Type.Array(Type.Object(lease)) }),
    Type.Object(lease),
    Type.Null(),
  ]),
});

export const heartbeat = endpoint({
  id: 'fleet.heartbeat',
  method: 'POST',
  path: '/api/v1/fleet/heartbeat',
  surface: 'fleet',
  summary: 'Say that a worker lives; the answer tells what it should stop',
  permission: 'fleet:heartbeat',
  audit: 'read',
  body: Type.Object({
    pool_stats: Type.Optional(Type.Unknown()),
    /** Every run the worker holds. When given, leases that it does not know of go back to the queue. */
    runs: Type.Optional(Type.Array(Type.Object({ run_id: id, epoch }), { maxItems: 10_000 })),
  }),
  output: Type.Object({
    ok: Type.Literal(true),
    status: workerState,
    session_epoch: epoch,
    /** Runs to stop and to report as `cancelled`. */
    cancel: Type.Array(id),
    /** Runs of `runs` that are no longer this session's: stop, and do not report. */
    lost: Type.Array(id),
    heartbeat_interval_ms: Type.Integer(),
    /** A new token, once the one in use has passed half of its life. */
    token: Type.Optional(Type.String()),
    token_expires_at: Type.Optional(instant),
  }),
});

const report = Type.Object({
  run_id: id,
  /** Of the lease. Left out only for runs that were claimed without `slots`. */
  epoch: Type.Optional(epoch),
  status: Type.Optional(
    Type.Union([Type.Literal('completed'), Type.Literal('failed'), Type.Literal('cancelled')]),
  ),
  output: Type.Optional(Type.Unknown()),
  error: Type.Optional(Type.Union([Type.String({ maxLength: 65_536 }), Type.Null()])),
  /** With `failed`: the circumstances failed, not the run; it is queued again while attempts are left. */
  retry: Type.Optional(Type.Boolean()),
});

/** `requeued`: the run goes to another attempt; `repeated`: the same report had been accepted. */
const reported = {
  status: Type.Literal('ok'),
  requeued: Type.Boolean(),
  repeated: Type.Boolean(),
};

export const reportRun = endpoint({
  id: 'fleet.reportRun',
  method: 'POST',
  path: '/api/v1/fleet/report',
  surface: 'fleet',
  summary: 'Report the end of a run',
  permission: 'fleet:report',
  audit: 'batch',
  body: report,
  output: Type.Object(reported),
});

export const reportRuns = endpoint({
  id: 'fleet.reportRuns',
  method: 'POST',
  path: '/api/v1/fleet/report/batch',
  surface: 'fleet',
  summary: 'Report the ends of up to 1,000 runs; each has an answer of its own',
  permission: 'fleet:report',
  audit: 'batch',
  body: Type.Object({
    reports: Type.Array(report, { minItems: 1, maxItems: RUNS_PER_BATCH_MAX }),
  }),
  output: Type.Object({
    results: Type.Array(
      Type.Object({
        run_id: id,
        status: Type.Union([Type.Literal('ok'), Type.Literal('lost')]),
        requeued: Type.Boolean(),
        repeated: Type.Boolean(),
      }),
    ),
  }),
});

const submittedTask = Type.Object({
  run_id: id,
  pool: Type.String(),
  model: textOrNull,
  created: Type.Boolean(),
});

export const submitTask = endpoint({
  id: 'fleet.submitTask',
  method: 'POST',
  path: '/api/v1/fleet/tasks',
  surface: 'fleet',
  summary: 'Submit a run',
  permission: 'run:submit',
  audit: 'batch',
  body: submission,
  output: submittedTask,
  status: 201,
});

export const submitTasks = endpoint({
  id: 'fleet.submitTasks',
  method: 'POST',
  path: '/api/v1/fleet/tasks/batch',
  surface: 'fleet',
  summary: 'Submit up to 1,000 runs in one transaction',
  permission: 'run:submit',
  audit: 'batch',
  body: Type.Object({
    tasks: Type.Array(submission, { minItems: 1, maxItems: RUNS_PER_BATCH_MAX }),
  }),
  output: Type.Object({ tasks: Type.Array(submittedTask) }),
  status: 201,
});

const task = Type.Object({
  run_id: id,
  status: taskState,
  project_id: id,
  pool: Type.String(),
  model: textOrNull,
  worker_id: idOrNull,
  claimed_at: instantOrNull,
  error: textOrNull,
  output: Type.Unknown(),
  reported_at: instantOrNull,
  created_at: instant,
});

export const listTasks = endpoint({
  id: 'fleet.listTasks',
  method: 'GET',
  path: '/api/v1/fleet/tasks',
  surface: 'fleet',
  summary: 'List runs, newest first',
  permission: 'run:read',
  audit: 'read',
  query: Type.Object({
    status: Type.Optional(taskState),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
  }),
  output: Type.Object({ tasks: Type.Array(task) }),
});

const ofTask = Type.Object({ run_id: id });

export const getTask = endpoint({
  id: 'fleet.getTask',
  method: 'GET',
  path: '/api/v1/fleet/tasks/{run_id}',
  surface: 'fleet',
  summary: 'Read a run',
  permission: 'run:read',
  audit: 'read',
  params: ofTask,
  output: task,
});

export const cancelTask = endpoint({
  id: 'fleet.cancelTask',
  method: 'POST',
  path: '/api/v1/fleet/tasks/{run_id}/cancel',
  surface: 'fleet',
  summary: 'Cancel a run: at once while it is pending, else its worker is told to stop',
  permission: 'run:cancel',
  audit: 'record',
  params: ofTask,
  output: Type.Object({ run_id: id, status: taskState, cancel_requested: Type.Boolean() }),
});

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
  max_concurrent: Type.Integer(),
  active_runs: Type.Integer(),
  last_heartbeat: instantOrNull,
  registered_at: instant,
  approved_at: instantOrNull,
  /** `enrollment-key`, or who approved it. */
  approved_by: textOrNull,
  probe_status: Type.Literal('unknown'),
  ip_allowlist: Type.Array(Type.String()),
  requires_dual_approval: Type.Literal(false),
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

export const approveWorker = endpoint({
  id: 'fleet.approveWorker',
  method: 'POST',
  path: '/api/v1/fleet/workers/{worker_id}/approve',
  surface: 'fleet',
  summary: 'Approve a pending worker',
  permission: 'fleet:administer',
  audit: 'record',
  params: ofWorker,
  output: decided,
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
  }),
  output: Type.Object({ worker_id: id, token: Type.String(), expires_at: instant }),
  status: 201,
});

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

const settings = Type.Object({
  /** Whether a worker may register without any credential; null: as the server is configured. */
  open_registration: Type.Union([Type.Boolean(), Type.Null()]),
});

export const getFleetSettings = endpoint({
  id: 'fleet.getSettings',
  method: 'GET',
  path: '/api/v1/fleet/settings',
  surface: 'own',
  summary: 'Read what the organization allows workers',
  permission: 'fleet:read',
  audit: 'read',
  output: settings,
});

export const setFleetSettings = endpoint({
  id: 'fleet.setSettings',
  method: 'PUT',
  path: '/api/v1/fleet/settings',
  surface: 'own',
  summary: 'Change what the organization allows workers',
  permission: 'fleet:administer',
  audit: 'record',
  body: settings,
  output: settings,
});

/** A worker that calls a provider with its own credentials reserves before the call and settles after. */
export const reserveForRun = endpoint({
  id: 'fleet.reserveForRun',
  method: 'POST',
  path: '/api/v1/fleet/runs/{run_id}/reservations',
  surface: 'fleet',
  summary: 'Reserve budget for a model call that the worker makes itself',
  permission: 'fleet:report',
  audit: 'batch',
  params: ofTask,
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
