/** Calls of tools: accepted, decided, made once, and kept. */
import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { id, idOrNull, instant, instantOrNull, oneOf, orNull, textOrNull } from './schemas.ts';
import { toolMode, toolName } from './tool-manifest.ts';

/**
 * `waiting` for a person; `approved`, to be made when it is asked for again; `running`; then `completed`, `failed`
 * (nothing is to be expected of it), `unknown` (it may have had its effect) or `denied`.
 */
export const TOOL_CALL_STATES = [
  'waiting',
  'approved',
  'running',
  'completed',
  'failed',
  'unknown',
  'denied',
] as const;

/** Why a call has not completed. */
export const TOOL_ERRORS = [
  'unreachable',
  'refused',
  'busy',
  'broken',
  'garbage',
  'oversized',
  'late',
  'cut',
  'changed',
  'lost',
  'denied',
] as const;

const toolCallState = oneOf(TOOL_CALL_STATES);
const toolError = oneOf(TOOL_ERRORS);
const digest = Type.String({ pattern: '^[0-9a-f]{64}$' });
const step = Type.String({ minLength: 1, maxLength: 300 });

const toolCall = Type.Object({
  id,
  tool: Type.String(),
  tool_version: Type.Integer(),
  mode: toolMode,
  state: toolCallState,
  project_id: id,
  run_id: idOrNull,
  step: textOrNull,
  /** SHA-256 of the arguments, as canonical JSON: what an approval is for. */
  arguments_digest: Type.String(),
  result_digest: textOrNull,
  result_bytes: orNull(Type.Integer()),
  error: orNull(toolError),
  attempts: Type.Integer(),
  requested_by: Type.String(),
  decided_by: textOrNull,
  created_at: instant,
  /** When what it waits for, or does, must have happened. */
  due_at: instantOrNull,
  ended_at: instantOrNull,
});

const withContents = Type.Object({
  ...toolCall.properties,
  /** Whoever only looks (`tool:read` without `tool:inspect`) sees what is told of it, and null for what it says. */
  contents_hidden: Type.Boolean(),
  arguments: Type.Unknown(),
  /** Null as well when it is not there any more. */
  result: Type.Unknown(),
  /** For whoever reads the error. */
  message: textOrNull,
  /** What came after the call was given up on: evidence, never the result. */
  late_result_digest: textOrNull,
});

const answered = Type.Object({
  call_id: id,
  /** The run whose call it is: it is told of a decision by the signal `tool:<call_id>`. */
  run_id: idOrNull,
  state: toolCallState,
  arguments_digest: Type.String(),
  result: Type.Unknown(),
  error: orNull(toolError),
  message: textOrNull,
  /** It was made before; this is what came of it. */
  repeated: Type.Boolean(),
  attempt: Type.Integer(),
});

const ofCall = Type.Object({ call_id: id });

export const callTool = endpoint({
  id: 'tools.callTool',
  method: 'POST',
  path: '/api/v1/tools/{tool}/calls',
  surface: 'own',
  summary: 'Call a tool, once: what has the same key is the same call',
  permission: 'tool:call',
  audit: 'batch',
  params: Type.Object({ tool: toolName }),
  body: Type.Object({
    arguments: Type.Record(Type.String(), Type.Unknown()),
    /** Of a run: what makes the call. The same step with the same arguments is the same call. */
    step: Type.Optional(step),
    /** Of whoever is no run; left out: a call of its own. */
    idempotency_key: Type.Optional(step),
    /** The most that the caller wants done; a tool that may do more is refused. */
    mode: Type.Optional(toolMode),
    /** How long to wait for a call that is under way elsewhere. */
    wait_ms: Type.Optional(Type.Integer({ minimum: 0, maximum: 60_000 })),
  }),
  bodyBytesMax: 1_048_576,
  output: answered,
});

export const reportToolCall = endpoint({
  id: 'tools.reportToolCall',
  method: 'POST',
  path: '/api/v1/tool-calls/{call_id}/report',
  surface: 'own',
  summary: 'Tell what came of a call that the worker makes itself',
  permission: 'tool:report',
  audit: 'batch',
  params: ofCall,
  body: Type.Object({
    attempt: Type.Integer({ minimum: 1 }),
    result: Type.Optional(Type.Unknown()),
    /** It has failed, and had no effect. */
    error: Type.Optional(Type.String({ maxLength: 2_000 })),
  }),
  bodyBytesMax: 16 * 1_048_576,
  output: answered,
});

export const listToolCalls = endpoint({
  id: 'tools.listToolCalls',
  method: 'GET',
  path: '/api/v1/tool-calls',
  surface: 'own',
  summary: 'List calls of tools, newest first; what is dead stands under failed and unknown',
  permission: 'tool:read',
  audit: 'read',
  query: Type.Object({
    state: Type.Optional(toolCallState),
    tool: Type.Optional(toolName),
    run_id: Type.Optional(id),
    /** The last id of the page before. */
    before: Type.Optional(id),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
  }),
  output: Type.Object({ calls: Type.Array(toolCall) }),
});

export const getToolCall = endpoint({
  id: 'tools.getToolCall',
  method: 'GET',
  path: '/api/v1/tool-calls/{call_id}',
  surface: 'own',
  summary: 'Show a call, and to whoever may see that its arguments and what came of it',
  permission: 'tool:read',
  audit: 'read',
  params: ofCall,
  output: withContents,
});

const deciding = {
  surface: 'own',
  permission: 'tool:approve',
  audit: 'record',
  method: 'POST',
  params: ofCall,
} as const;

export const approveToolCall = endpoint({
  ...deciding,
  id: 'tools.approveToolCall',
  path: '/api/v1/tool-calls/{call_id}/approve',
  summary: 'Approve a call with exactly these arguments',
  body: Type.Object({
    /** As the decider has seen them. */
    arguments_digest: digest,
  }),
  output: toolCall,
});

export const denyToolCall = endpoint({
  ...deciding,
  id: 'tools.denyToolCall',
  path: '/api/v1/tool-calls/{call_id}/deny',
  summary: 'Deny a call that waits',
  body: Type.Object({ reason: Type.Optional(Type.String({ maxLength: 1_000 })) }),
  output: toolCall,
});

export const redriveToolCall = endpoint({
  id: 'tools.redriveToolCall',
  method: 'POST',
  path: '/api/v1/tool-calls/{call_id}/redrive',
  surface: 'own',
  summary: 'Make a call that is dead again, with the arguments that it had',
  permission: 'tool:redrive',
  audit: 'record',
  params: ofCall,
  body: Type.Object({
    /** Needed where it may have had its effect: it may have it twice. */
    accept_unknown: Type.Optional(Type.Boolean()),
  }),
  output: answered,
});

export const TOOL_CALL_ENDPOINTS = [
  callTool,
  reportToolCall,
  listToolCalls,
  getToolCall,
  approveToolCall,
  denyToolCall,
  redriveToolCall,
] as const;
