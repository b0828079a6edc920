/** What a run says while it runs: log lines, progress, and whatever its own code wants to tell. */
import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { runState } from './runs.ts';
import { id, instant, textOrNull } from './schemas.ts';
import { PRINTABLE_PATTERN } from './tags.ts';
import { epoch } from './worker.ts';

export const EVENTS_PER_BATCH_MAX = 500;
export const EVENT_TEXT_LENGTH_MAX = 8_192;
export const EVENT_DATA_BYTES_MAX = 16_384;

const ofRun = Type.Object({ run_id: id });
const text = Type.String({ maxLength: EVENT_TEXT_LENGTH_MAX, pattern: PRINTABLE_PATTERN });
const level = Type.Union([
  Type.Literal('debug'),
  Type.Literal('info'),
  Type.Literal('warn'),
  Type.Literal('error'),
]);
const kinds = [Type.Literal('log'), Type.Literal('progress'), Type.Literal('custom')] as const;
const fraction = Type.Number({ minimum: 0, maximum: 1 });

const said = Type.Object({
  kind: Type.Union([...kinds]),
  /** Of a log line; `info` unless said. */
  level: Type.Optional(level),
  /** The line, the message beside a progress, or the name of a custom event. */
  text: Type.Optional(text),
  /** How much is done, 0 to 1. */
  fraction: Type.Optional(fraction),
  /** Of a custom event: up to 16 KiB of JSON. */
  data: Type.Optional(Type.Unknown()),
});

export const appendRunEvents = endpoint({
  id: 'fleet.appendRunEvents',
  method: 'POST',
  path: '/api/v1/fleet/runs/{run_id}/events',
  surface: 'fleet',
  summary: 'Tell what a run says while it runs; what is said under a lost lease answers 409',
  permission: 'fleet:report',
  audit: 'read',
  params: ofRun,
  body: Type.Object({
    epoch,
    /**
     * The number of the first event here, counted from 1 under each epoch. What was taken before is
     * passed over, so a batch can be repeated; a gap is what the worker itself left out.
     */
    first: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER - EVENTS_PER_BATCH_MAX }),
    events: Type.Array(said, { minItems: 1, maxItems: EVENTS_PER_BATCH_MAX }),
  }),
  output: Type.Object({
    /** How many of these are kept now. */
    kept: Type.Integer(),
    /** How many of these are not, because the run says too much. */
    left_out: Type.Integer(),
    /** The number of the next event. */
    next: Type.Integer(),
  }),
});

const event = Type.Object({
  /** Grows by one with every event of the run. */
  seq: Type.Integer({ minimum: 1 }),
  at: instant,
  attempt: Type.Integer(),
  kind: Type.Union([...kinds]),
  level: Type.Union([level, Type.Null()]),
  text: textOrNull,
  fraction: Type.Union([Type.Number(), Type.Null()]),
  data: Type.Unknown(),
  /** How many events right before this one were left out, because the run said too much. */
  left_out_before: Type.Integer(),
});

/** What the events of the stream say. */
export const runEventsStream = {
  log: event,
  progress: event,
  custom: event,
  end: Type.Object({ state: runState, left_out: Type.Integer() }),
};

const after = Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }));

export const listRunEvents = endpoint({
  id: 'runs.listRunEvents',
  method: 'GET',
  path: '/api/v1/runs/{run_id}/events',
  surface: 'own',
  summary: 'Read what a run has said, from a cursor on; with `wait_ms`, as soon as there is more',
  permission: 'run:read',
  audit: 'read',
  params: ofRun,
  query: Type.Object({
    /** `next` of the page before; from the beginning unless said. */
    after,
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
    wait_ms: Type.Optional(Type.Integer({ minimum: 0, maximum: 60_000 })),
  }),
  output: Type.Object({
    events: Type.Array(event),
    /** The cursor of what comes after these. */
    next: Type.Integer(),
    state: runState,
    /** The run has ended, and these are its last events. */
    is_end: Type.Boolean(),
    /** How many the run has had left out so far. */
    left_out: Type.Integer(),
  }),
});

export const streamRunEvents = endpoint({
  id: 'runs.streamRunEvents',
  method: 'GET',
  path: '/api/v1/runs/{run_id}/events/stream',
  surface: 'own',
  summary:
    'What a run says, as server-sent events; `Last-Event-ID` goes on after what was received',
  permission: 'run:read',
  audit: 'read',
  params: ofRun,
  query: Type.Object({
    /** As `Last-Event-ID`, which wins. */
    after,
  }),
  output: Type.String(),
  mediaTypes: ['text/event-stream'],
});
