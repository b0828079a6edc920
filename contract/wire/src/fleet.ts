import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { probe } from './probe.ts';
import { errorClass } from './retry.ts';
import { resume } from './run-wait.ts';
import { RUNS_PER_BATCH_MAX } from './runs.ts';
import { id, instant, instantOrNull, textOrNull } from './schemas.ts';
import { sealKey } from './sealing.ts';
import { labels, model, pool, version } from './tags.ts';
import { epoch, name, workerState } from './worker.ts';

const models = Type.Array(model, { maxItems: 200 });

export const SLOTS_PER_POLL_MAX = 200;
export const POLL_TIMEOUT_SECONDS_MAX = 60;

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
  /** When to ask for the next one: from then on, heartbeats of a bound worker carry `X-Worker-Proof`. */
  token_renew_in_ms: Type.Optional(Type.Integer()),
  /** Of a token that is bound to the worker's key pair: how often it was renewed. */
  generation: Type.Optional(Type.Integer()),
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
    /** Of its code; a run may pin it, and a pool may ramp it. Each session says it anew. */
    version: Type.Optional(version),
    /** As the header `X-Enrollment-Key`: `sk-fleet-…`, or a worker token that may open sessions. */
    enrollment_key: Type.Optional(Type.String({ minLength: 1, maxLength: 4_096 })),
    /** Of the worker's key pair; proved in the header `X-Worker-Proof`. Its tokens are bound to it. */
    public_key: Type.Optional(
      Type.Object({
        kty: Type.Literal('OKP'),
        crv: Type.Literal('Ed25519'),
        x: Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' }),
      }),
    ),
    /** The public half of the key with which it opens sealed payloads. */
    seal_key: Type.Optional(sealKey),
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
  query: Type.Object({
    /** Of the worker's code. */
    version: Type.Optional(version),
  }),
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
  /** With `content_key`: a Fernet token, whose text is the payload in JSON. */
  payload: Type.Unknown(),
  /** Opens the payload of this run, and encrypts what is reported of it; of no other. */
  content_key: Type.Optional(Type.Object({ id, key: Type.String() })),
  worker_id: id,
  claimed_at: instant,
  epoch,
  attempt: Type.Integer({ minimum: 1 }),
  max_attempts: Type.Integer({ minimum: 1 }),
  deadline: instantOrNull,
  run_token: Type.String(),
  /** What has ended its latest wait; left out when it has not waited. */
  resume: Type.Optional(resume),
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
    /** What it can serve now. Never counts for what it is given; a model that is not recorded is an anomaly. */
    models: Type.Optional(models),
  }),
  output: Type.Union([
    Type.Object({
      leases: Type.Array(Type.Object(lease)),
      /** The worker is asked to go: there will be nothing more. Left out when it is not. */
      draining: Type.Optional(Type.Boolean()),
    }),
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
    /** What it found when it asked its back ends; left out when it has not asked since. */
    probes: Type.Optional(Type.Array(probe, { maxItems: 200 })),
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
    /** The worker is asked to go: it is given nothing more. */
    draining: Type.Optional(Type.Boolean()),
    /** A new token, once the one in use has passed half of its life. */
    token: Type.Optional(Type.String()),
    token_expires_at: Type.Optional(instant),
    token_renew_in_ms: Type.Optional(Type.Integer()),
    generation: Type.Optional(Type.Integer()),
  }),
});

const report = Type.Object({
  run_id: id,
  /** Of the lease. Left out only for runs that were claimed without `slots`. */
  epoch: Type.Optional(epoch),
  status: Type.Optional(
    Type.Union([
      Type.Literal('completed'),
      Type.Literal('failed'),
      Type.Literal('cancelled'),
      /** Handed back: it is queued again at once, and the attempt does not count. Needs the epoch. */
      Type.Literal('released'),
    ]),
  ),
  output: Type.Optional(Type.Unknown()),
  error: Type.Optional(Type.Union([Type.String({ maxLength: 131_072 }), Type.Null()])),
  /** `id` of the lease's `content_key`: `output` (as JSON) and `error` are Fernet tokens under it. */
  content_key_id: Type.Optional(id),
  /** With `failed`: the circumstances failed, not the run; it is queued again while attempts are left. */
  retry: Type.Optional(Type.Boolean()),
  /** What the error is of: the run's retry policy decides by it. `error` unless said.
   * `model_missing` when the back end lacks the model, `drained` when the worker was stopped. */
  error_class: Type.Optional(errorClass),
  /** With `failed`: if this is the end, the run is to be listed among the dead letters. */
  dead_letter: Type.Optional(Type.Boolean()),
  /** The model that it ran with; one that is not recorded is an anomaly. */
  model: Type.Optional(model),
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
