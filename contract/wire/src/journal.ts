/** The journal of a durable run: what its program has asked for, and what came of it. */
import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { id, idOrNull, instant, instantOrNull, orNull, textOrNull } from './schemas.ts';
import { PRINTABLE_PATTERN } from './tags.ts';
import { epoch } from './worker.ts';

export const STEPS_PER_WRITE_MAX = 200;
export const STEP_NAME_LENGTH_MAX = 90;
const STEP_ERROR_LENGTH_MAX = 8_192;
const TRIES_MAX = 32_000;

/** Of the journals that are written now. A journal of a later one is for workers that know it. */
export const JOURNAL_FORMAT = 1;

const ofRun = Type.Object({ run_id: id });
const name = Type.String({
  minLength: 1,
  maxLength: STEP_NAME_LENGTH_MAX,
  pattern: PRINTABLE_PATTERN,
});
/** How many steps of the same name the program had asked for before. */
const ordinal = Type.Integer({ minimum: 0, maximum: 1_000_000 });
const kind = Type.Union([
  Type.Literal('step'),
  Type.Literal('sleep'),
  Type.Literal('signal'),
  Type.Literal('approval'),
  Type.Literal('child'),
]);
const state = Type.Union([
  Type.Literal('running'),
  Type.Literal('waiting'),
  Type.Literal('completed'),
  Type.Literal('failed'),
  /** It has failed, and is to be done again. */
  Type.Literal('retrying'),
]);
const inputDigest = Type.String({ pattern: '^[0-9a-f]{64}$' });

const written = Type.Object({
  name,
  ordinal,
  kind,
  state,
  /** SHA-256 of what it was given, as JSON. */
  input_digest: Type.Optional(inputDigest),
  /** What it has answered; of a wait, what was decided when it began. */
  result: Type.Optional(Type.Unknown()),
  error: Type.Optional(Type.String({ maxLength: STEP_ERROR_LENGTH_MAX })),
  /** No other attempt would fare better. */
  is_final: Type.Optional(Type.Boolean()),
  tries: Type.Optional(Type.Integer({ minimum: 0, maximum: TRIES_MAX })),
  /** By the clock of the worker, as `ended_at`. */
  started_at: instant,
  ended_at: Type.Optional(instant),
});

export const appendJournal = endpoint({
  id: 'runs.appendJournal',
  method: 'POST',
  path: '/api/v1/runs/{run_id}/journal',
  surface: 'own',
  summary: 'Journal what steps of a run have come to; under a lost lease it answers 409',
  permission: 'run:journal',
  audit: 'batch',
  params: ofRun,
  body: Type.Object({
    /** A finished step stays as it is, so what was sent may be sent again. */
    steps: Type.Array(written, { minItems: 1, maxItems: STEPS_PER_WRITE_MAX }),
  }),
  output: Type.Object({
    /** Grows with everything that is written of the run. */
    change: Type.Integer(),
  }),
});

/** A step as its readers see it. */
export const journaledStep = Type.Object({
  /** In the order in which they were first written. */
  seq: Type.Integer(),
  /** Of the latest that was written of it. */
  change: Type.Integer(),
  name: Type.String(),
  ordinal: Type.Integer(),
  kind,
  state,
  input_digest: textOrNull,
  result: Type.Unknown(),
  /** SHA-256 of its result, where that is too large for a row. */
  result_digest: textOrNull,
  error: textOrNull,
  is_final: Type.Boolean(),
  tries: Type.Integer(),
  started_at: instant,
  ended_at: instantOrNull,
  /** The attempt that has written it last, and the epoch of its lease. */
  attempt: Type.Integer(),
  /** 0 as the attempt of what a replay has brought along. */
  epoch: Type.Integer({ minimum: 0 }),
  worker_id: idOrNull,
});

export const readJournal = endpoint({
  id: 'runs.readJournal',
  method: 'GET',
  path: '/api/v1/runs/{run_id}/journal',
  surface: 'own',
  summary: 'Read the journal of a run, oldest change first; a step that changes comes again',
  permission: 'run:steps',
  audit: 'read',
  params: ofRun,
  query: Type.Object({
    /** `next` of the page before. */
    after: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
  }),
  output: Type.Object({
    steps: Type.Array(journaledStep),
    next: Type.Integer(),
    is_end: Type.Boolean(),
    /** How its steps are written; a worker that knows only older ones leaves the run to others. */
    format: Type.Integer({ minimum: 1 }),
    /** What the random numbers of the run are made of. */
    seed: Type.String(),
    /** What its clock says before anything has ended. */
    started_at: instant,
    /** The run whose journal this one began with; null: it began with nothing. */
    replay_of: idOrNull,
    /** The lease under which the latest wait had begun that has ended; null: none has. */
    resumed_epoch: orNull(epoch),
  }),
});

export const replayRun = endpoint({
  id: 'runs.replayRun',
  method: 'POST',
  path: '/api/v1/runs/{run_id}/replay',
  surface: 'own',
  summary: 'Run it again as a new run that has all the finished steps before one of them',
  permission: 'run:redrive',
  audit: 'record',
  params: ofRun,
  body: Type.Object({
    /** `name` or `name#ordinal`: the first that is done again. From the beginning unless said. */
    from: Type.Optional(Type.String({ minLength: 1, maxLength: STEP_NAME_LENGTH_MAX + 8 })),
    /** In place of what the run was given; of a workflow, its input alone. */
    input: Type.Optional(Type.Unknown()),
  }),
  output: Type.Object({
    id,
    replay_of: id,
    /** How many steps it begins with. */
    steps: Type.Integer(),
  }),
  status: 201,
});
