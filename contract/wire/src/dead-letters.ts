import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { errorClass } from './retry.ts';
import { id, idOrNull, instant, instantOrNull, textOrNull } from './schemas.ts';
import { model, pool } from './tags.ts';

const seconds = Type.Integer({ minimum: 0, maximum: 366 * 86_400 });
const project = Type.String({ minLength: 1, maxLength: 100 });

const deadLetterFilter = {
  /** Name or id. */
  project: Type.Optional(project),
  pool: Type.Optional(pool),
  /** Any spelling. */
  model: Type.Optional(model),
  error_class: Type.Optional(errorClass),
  /** Dead for at least so long. */
  older_than_seconds: Type.Optional(seconds),
};

const deadLetter = Type.Object({
  run_id: id,
  project_id: id,
  pool: Type.String(),
  model: textOrNull,
  /** It had all its attempts, or its worker said that somebody should look at it. */
  cause: Type.Union([Type.Literal('exhausted'), Type.Literal('marked')]),
  error: textOrNull,
  error_class: Type.String(),
  attempts: Type.Integer(),
  died_at: instant,
  /** The run that repeats it. */
  redriven_by: idOrNull,
  discarded_at: instantOrNull,
});

export const listDeadLetters = endpoint({
  id: 'fleet.listDeadLetters',
  method: 'GET',
  path: '/api/v1/fleet/dead-letters',
  surface: 'fleet',
  summary: 'List runs that nobody will try again, newest first',
  permission: 'run:read',
  audit: 'read',
  query: Type.Object({
    ...deadLetterFilter,
    /** Also those that were redriven or discarded. */
    all: Type.Optional(Type.Boolean()),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
    cursor: Type.Optional(id),
  }),
  output: Type.Object({ dead_letters: Type.Array(deadLetter), next_cursor: idOrNull }),
});

const ofRun = Type.Object({ run_id: id });

export const getDeadLetter = endpoint({
  id: 'fleet.getDeadLetter',
  method: 'GET',
  path: '/api/v1/fleet/dead-letters/{run_id}',
  surface: 'fleet',
  summary: 'Read a dead letter',
  permission: 'run:read',
  audit: 'read',
  params: ofRun,
  output: deadLetter,
});

export const redriveDeadLetter = endpoint({
  id: 'fleet.redriveDeadLetter',
  method: 'POST',
  path: '/api/v1/fleet/dead-letters/{run_id}/redrive',
  surface: 'fleet',
  summary: 'Repeat a dead run: exactly one new run, however often this is asked',
  permission: 'run:redrive',
  audit: 'record',
  params: ofRun,
  output: Type.Object({
    /** The new run. */
    run_id: id,
    redrive_of: id,
    created: Type.Boolean(),
  }),
});

export const discardDeadLetter = endpoint({
  id: 'fleet.discardDeadLetter',
  method: 'POST',
  path: '/api/v1/fleet/dead-letters/{run_id}/discard',
  surface: 'fleet',
  summary: 'Take a run off the list of dead letters; it stays failed',
  permission: 'run:cancel',
  audit: 'record',
  params: ofRun,
  output: Type.Object({ run_id: id, discarded: Type.Literal(true) }),
});

const many = Type.Object({
  filter: Type.Object(deadLetterFilter),
  /** Only tells what would be done. */
  dry_run: Type.Optional(Type.Boolean()),
});

/** What would be done, or has begun. */
const begun = Type.Object({
  /** Null: only a preview. */
  operation_id: idOrNull,
  /** How many it is about. */
  count: Type.Integer(),
  /** There are more: repeat it afterwards. */
  more: Type.Boolean(),
  sample: Type.Array(id),
});

export const redriveDeadLetters = endpoint({
  id: 'fleet.redriveDeadLetters',
  method: 'POST',
  path: '/api/v1/fleet/dead-letters/redrive',
  surface: 'fleet',
  summary: 'Repeat all dead runs that a filter finds, in the background',
  permission: 'run:redrive',
  audit: 'record',
  body: many,
  output: begun,
  status: 202,
});

export const discardDeadLetters = endpoint({
  id: 'fleet.discardDeadLetters',
  method: 'POST',
  path: '/api/v1/fleet/dead-letters/discard',
  surface: 'fleet',
  summary: 'Take all that a filter finds off the list of dead letters, in the background',
  permission: 'run:cancel',
  audit: 'record',
  body: many,
  output: begun,
  status: 202,
});

export const cancelRuns = endpoint({
  id: 'runs.cancelRuns',
  method: 'POST',
  path: '/api/v1/runs/cancel',
  surface: 'own',
  summary: 'Cancel all runs that a filter finds, in the background',
  permission: 'run:cancel',
  audit: 'record',
  body: Type.Object({
    filter: Type.Object({
      /** Where they are; any unless said. */
      state: Type.Optional(
        Type.Union([
          Type.Literal('queued'),
          Type.Literal('scheduled'),
          Type.Literal('running'),
          Type.Literal('waiting'),
        ]),
      ),
      project: Type.Optional(project),
      pool: Type.Optional(pool),
      model: Type.Optional(model),
      /** Submitted at least so long ago. */
      older_than_seconds: Type.Optional(seconds),
    }),
    dry_run: Type.Optional(Type.Boolean()),
  }),
  output: begun,
  status: 202,
});

export const getOperation = endpoint({
  id: 'fleet.getOperation',
  method: 'GET',
  path: '/api/v1/fleet/operations/{operation_id}',
  surface: 'fleet',
  summary: 'How far an operation on many runs is',
  permission: 'run:read',
  audit: 'read',
  params: Type.Object({ operation_id: id }),
  output: Type.Object({
    id,
    kind: Type.Union([Type.Literal('cancel'), Type.Literal('redrive'), Type.Literal('discard')]),
    state: Type.Union([Type.Literal('running'), Type.Literal('done')]),
    total: Type.Integer(),
    done: Type.Integer(),
    /** What had gone its own way when its turn came. */
    skipped: Type.Integer(),
    created_at: instant,
    finished_at: instantOrNull,
  }),
});
