/** Everything that a run has done, in one list: its steps and waits, and the model calls that they made. */
import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { journaledStep } from './journal.ts';
import { runDetail, runState } from './runs.ts';
import { id, instant, textOrNull } from './schemas.ts';

const ofRun = Type.Object({ run_id: id });
const cursor = Type.Optional(
  Type.String({
    pattern:
      '^\\d{1,16}(\\.\\d{1,18}\\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\\.[01])?(~\\d{1,18}\\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?$',
  }),
);

const step = Type.Object({
  node: Type.Literal('step'),
  /** `name#ordinal`; the same node again is a later state of it. */
  key: Type.String(),
  at: instant,
  ...Type.Omit(journaledStep, ['result']).properties,
});

const call = Type.Object({
  node: Type.Literal('call'),
  /** The id of the call; `entry` 1 is a correction of it. */
  key: id,
  entry: Type.Integer(),
  at: instant,
  /** The step that has made it, `name#ordinal`; null: none, or it did not say. */
  step: textOrNull,
  model: Type.String(),
  deployment: Type.String(),
  status: Type.String(),
  cost_usd: Type.String(),
  input_tokens: Type.Integer(),
  output_tokens: Type.Integer(),
  usage_source: Type.String(),
  started_at: instant,
});

const tool = Type.Object({
  node: Type.Literal('tool'),
  /** The id of the call; the same node again: it was made again. */
  key: id,
  at: instant,
  step: textOrNull,
  tool: Type.String(),
  mode: Type.String(),
  state: Type.String(),
  error: textOrNull,
  attempts: Type.Integer(),
  arguments_digest: Type.String(),
  result_digest: textOrNull,
  decided_by: textOrNull,
  started_at: instant,
});

const summary = {
  state: runState,
  attempts: runDetail.properties.attempts,
  /** Of all that was settled so far. */
  cost_usd: Type.String(),
  calls: Type.Integer(),
};

const page = Type.Object({
  nodes: Type.Array(Type.Union([step, call, tool])),
  /** The cursor of what comes after these. */
  next: Type.String(),
  ...summary,
  /** The run has ended, and these are its last: none that is over is held back, and no tool is being called. */
  is_end: Type.Boolean(),
});

export const readTimeline = endpoint({
  id: 'runs.readTimeline',
  method: 'GET',
  path: '/api/v1/runs/{run_id}/timeline',
  surface: 'own',
  summary: 'Steps, waits, attempts and model calls of a run, from a cursor on',
  permission: 'run:read',
  audit: 'read',
  params: ofRun,
  query: Type.Object({
    /** `next` of the page before; from the beginning unless said. */
    cursor,
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
    wait_ms: Type.Optional(Type.Integer({ minimum: 0, maximum: 60_000 })),
  }),
  output: page,
});

/** What the events `node`, `state` and `end` of the stream say. */
export const timelineEvents = {
  node: Type.Union([step, call, tool]),
  state: Type.Object(summary),
  end: Type.Object(summary),
};

export const streamTimeline = endpoint({
  id: 'runs.streamTimeline',
  method: 'GET',
  path: '/api/v1/runs/{run_id}/timeline/stream',
  surface: 'own',
  summary:
    'The timeline of a run as server-sent events; `Last-Event-ID` goes on after what was received',
  permission: 'run:read',
  audit: 'read',
  params: ofRun,
  query: Type.Object({
    /** As `Last-Event-ID`, which wins. */
    cursor,
  }),
  output: Type.String(),
  mediaTypes: ['text/event-stream'],
});
