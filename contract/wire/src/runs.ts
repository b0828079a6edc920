import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { retryPolicy } from './retry.ts';
import { routingConstraints, selectors, sticky } from './routing.ts';
import { wait } from './run-wait.ts';
import { id, idOrNull, instant, instantOrNull, orNull, textOrNull } from './schemas.ts';
import { noProgressSeconds } from './stalled.ts';
import { labels, model, pool, PRINTABLE_PATTERN, version } from './tags.ts';

/** The states of a run, in the order in which it passes them. `waiting` is a claimed run that waits for a person. */
export const RUN_STATES = [
  'queued',
  'running',
  'waiting',
  'completed',
  'failed',
  'cancelled',
] as const;
export type RunState = (typeof RUN_STATES)[number];
export const runState = Type.Union([
  Type.Literal('queued'),
  Type.Literal('running'),
  Type.Literal('waiting'),
  Type.Literal('completed'),
  Type.Literal('failed'),
  Type.Literal('cancelled'),
]);

export const RUNS_PER_BATCH_MAX = 1_000;
export const PRIORITY_MIN = -100;
export const PRIORITY_MAX = 100;
const DELAY_SECONDS_MAX = 366 * 86_400;
const TIMEOUT_SECONDS_MAX = 7 * 86_400;

/** `continue` unless said. */
const onParentEnd = Type.Union([Type.Literal('continue'), Type.Literal('cancel')]);

/** What somebody asks a worker to do. Both names of the operation, `runs` and `tasks`, take this. */
export const submission = Type.Object({
  /** For the worker; the built-in workflow takes `{agent: {name, model, system, …}, message}`. */
  payload: Type.Object({}, { additionalProperties: true }),
  /** `default` unless said. */
  pool: Type.Optional(pool),
  /** Any spelling; a run without a model goes to any worker of its pool. */
  model: Type.Optional(orNull(model)),
  /** A worker must have all of them. */
  labels: Type.Optional(labels),
  /** What else a worker must have, or had better have, beyond equal labels. */
  selectors: Type.Optional(selectors),
  /** Which of the workers that may have it gets it. */
  routing: Type.Optional(routingConstraints),
  /** With which others it goes to one worker. */
  sticky: Type.Optional(sticky),
  /** The version that the worker must have, exactly, or a range: `2.0.1`, `2.x`, `^2.1`, `>=2 <3`. */
  worker_version: Type.Optional(version),
  /** Higher goes first, among the runs of one project. 0 unless said. */
  priority: Type.Optional(Type.Integer({ minimum: PRIORITY_MIN, maximum: PRIORITY_MAX })),
  /** How many workers may be lost on it before it fails. 3 unless said. */
  max_attempts: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
  /** A run that has not ended by then fails. */
  deadline: Type.Optional(instantOrNull),
  /** Not before then. */
  run_at: Type.Optional(instantOrNull),
  /** Not before so many seconds have passed; instead of `run_at`. */
  delay_seconds: Type.Optional(Type.Number({ minimum: 0, maximum: DELAY_SECONDS_MAX })),
  /** An attempt that takes longer is taken back, and fails with the class `timeout`. */
  timeout_seconds: Type.Optional(Type.Number({ minimum: 0.1, maximum: TIMEOUT_SECONDS_MAX })),
  /** When it says nothing for so long though its worker is alive, it is told of as stalled. */
  no_progress_seconds: Type.Optional(noProgressSeconds),
  retry: Type.Optional(retryPolicy),
  /** The same key with the same request gives the same run; the header `Idempotency-Key` wins. */
  idempotency_key: Type.Optional(
    Type.String({ minLength: 1, maxLength: 255, pattern: PRINTABLE_PATTERN }),
  ),
  /**
   * No more than `limit` runs of the project with this key run at once; others wait, in nobody's way. The
   * limit is that of the last submission that named the key.
   */
  concurrency: Type.Optional(
    Type.Object({
      key: Type.String({ minLength: 1, maxLength: 200, pattern: PRINTABLE_PATTERN }),
      limit: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
    }),
  ),
  /**
   * The run under which it is submitted, of the same project and not over. Whoever submits with the token of
   * a run does so under that run, named or not.
   */
  parent_run_id: Type.Optional(id),
  /** When its parent completes or fails before it; with a cancelled parent it is always cancelled. */
  on_parent_end: Type.Optional(onParentEnd),
});

/** Of one whose rest is not known yet. */
export const submissionPart = Type.Partial(submission);

/** A run as people see it. Its state is derived from where it is, never stored. */
export const run = Type.Object({
  id,
  organization_id: id,
  project_id: id,
  state: runState,
  pool: Type.String(),
  model: textOrNull,
  labels: Type.Record(Type.String(), Type.String()),
  priority: Type.Integer(),
  max_attempts: Type.Integer(),
  deadline: instantOrNull,
  /** 0 while no worker has had it. */
  attempt: Type.Integer(),
  worker_id: idOrNull,
  worker_name: textOrNull,
  cancel_requested: Type.Boolean(),
  /** Whose doing it is: `token:<id>`, `trigger:<id>`, `schedule:<id>` and the like. */
  submitted_by: Type.String(),
  created_at: instant,
  /** Stands aside until then: it was put off, or waits for another attempt. */
  scheduled_for: instantOrNull,
  /** Of the last attempt. */
  started_at: instantOrNull,
  finished_at: instantOrNull,
  error: textOrNull,
  error_class: textOrNull,
  /** The run that this one repeats. */
  redrive_of: idOrNull,
  /** Null: it was submitted under none. */
  parent_run_id: idOrNull,
  /** The first of its tree; null: it has no parent. */
  root_run_id: idOrNull,
  /** 0 without a parent. */
  depth: Type.Integer(),
  on_parent_end: Type.Union([onParentEnd, Type.Null()]),
});

const attempt = Type.Object({
  attempt: Type.Integer(),
  worker_id: idOrNull,
  worker_name: textOrNull,
  epoch: Type.Integer(),
  started_at: instant,
  /** Null: it is under way. */
  ended_at: instantOrNull,
  error: textOrNull,
  error_class: textOrNull,
});

/** With what only the reader of one run wants. */
export const runDetail = Type.Object({
  ...run.properties,
  payload: Type.Unknown(),
  output: Type.Unknown(),
  /** What it waits for; null: it does not. */
  waiting: orNull(wait),
  /** The newest that the run has told; null: none. */
  progress: orNull(
    Type.Object({
      fraction: Type.Union([Type.Number(), Type.Null()]),
      text: textOrNull,
      at: instant,
    }),
  ),
  /** Every attempt, in order. An attempt that its worker never began is not one. */
  attempts: Type.Array(attempt),
  timeout_seconds: Type.Union([Type.Number(), Type.Null()]),
  /** With every field decided; null: none was given. */
  retry: Type.Union([retryPolicy, Type.Null()]),
  /** Decimal USD, of everything the run has spent so far. */
  cost_usd: Type.String(),
  input_tokens: Type.Integer(),
  output_tokens: Type.Integer(),
  /** Model calls that were settled. */
  calls: Type.Integer(),
  /** Models that answered; a simulated one says so in its name. */
  models_used: Type.Array(Type.String()),
});

const submitted = Type.Object({
  id,
  /** False when the idempotency key had been used for the same request: the run is the earlier one. */
  created: Type.Boolean(),
  pool: Type.String(),
  /** As it is matched: `ollama/llama3.1:70b` is `llama3.1-70b`. */
  model: textOrNull,
  /** No worker can serve it now, and why. */
  warning: Type.Optional(Type.String()),
});

export const submitRun = endpoint({
  id: 'runs.submitRun',
  method: 'POST',
  path: '/api/v1/runs',
  surface: 'own',
  summary: 'Submit a run; the answer is sent after it is stored',
  permission: 'run:submit',
  audit: 'batch',
  body: submission,
  output: submitted,
  status: 201,
});

export const submitRuns = endpoint({
  id: 'runs.submitRuns',
  method: 'POST',
  path: '/api/v1/runs/batch',
  surface: 'own',
  summary: 'Submit up to 1,000 runs in one transaction',
  permission: 'run:submit',
  audit: 'batch',
  body: Type.Object({
    runs: Type.Array(submission, { minItems: 1, maxItems: RUNS_PER_BATCH_MAX }),
  }),
  output: Type.Object({ runs: Type.Array(submitted) }),
  status: 201,
});

export const listRuns = endpoint({
  id: 'runs.listRuns',
  method: 'GET',
  path: '/api/v1/runs',
  surface: 'own',
  summary: 'List runs, newest first',
  permission: 'run:read',
  audit: 'read',
  query: Type.Object({
    state: Type.Optional(runState),
    /** Name or id; all of the organization unless said. */
    project: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
    /** `next_cursor` of the page before. */
    cursor: Type.Optional(id),
  }),
  output: Type.Object({ runs: Type.Array(run), next_cursor: idOrNull }),
});

const ofRun = Type.Object({ run_id: id });

export const getRun = endpoint({
  id: 'runs.getRun',
  method: 'GET',
  path: '/api/v1/runs/{run_id}',
  surface: 'own',
  summary: 'Read a run; with `wait_ms`, as soon as it leaves the state `known_state`',
  permission: 'run:read',
  audit: 'read',
  params: ofRun,
  query: Type.Object({
    /** How long to wait for a change; the answer after that is the unchanged run. */
    wait_ms: Type.Optional(Type.Integer({ minimum: 0, maximum: 60_000 })),
    /** What the caller saw last; unless said, the state when the request arrives. */
    known_state: Type.Optional(runState),
  }),
  output: runDetail,
});

export const cancelRun = endpoint({
  id: 'runs.cancelRun',
  method: 'POST',
  path: '/api/v1/runs/{run_id}/cancel',
  surface: 'own',
  summary: 'Cancel a run: at once while it is queued, else its worker is told to stop',
  permission: 'run:cancel',
  audit: 'record',
  params: ofRun,
  output: Type.Object({
    id,
    /** `running` until its worker has stopped. */
    state: runState,
    cancel_requested: Type.Boolean(),
  }),
});
