/** What is said of a tool when it is registered. */
import { Type } from 'typebox';

import { id, idOrNull, instant, instantOrNull, oneOf, orNull, textOrNull } from './schemas.ts';

/** From what changes nothing to what cannot be undone; the order is their rank. */
export const TOOL_MODES = [
  'read_only',
  'local_write',
  'network',
  'delegated',
  'destructive',
] as const;
export type ToolMode = (typeof TOOL_MODES)[number];
export const TOOL_KINDS = ['http', 'openapi', 'mcp', 'worker'] as const;
export const TOOL_RISKS = ['low', 'medium', 'high'] as const;
export const TOOL_TIMEOUT_MS_MAX = 600_000;
export const TOOL_RESULT_BYTES_MAX = 8 * 1_048_576;

/** What every model provider takes as the name of a tool. */
export const toolName = Type.String({ pattern: '^[A-Za-z][A-Za-z0-9_-]{0,63}$' });
export const toolMode = oneOf(TOOL_MODES);
const toolKind = oneOf(TOOL_KINDS);
const toolRisk = oneOf(TOOL_RISKS);
const text = Type.String({ minLength: 1, maxLength: 2_000 });
const names = Type.Array(Type.String({ minLength: 1, maxLength: 200 }), { maxItems: 100 });
export const jsonSchema = Type.Record(Type.String(), Type.Unknown());

const method = oneOf(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);

/** One request: `{name}` in the URL's path is an argument; what is in neither list goes into the body. */
export const httpTarget = Type.Object({
  method,
  url: text,
  /** Arguments that go into the query; of GET and DELETE, all that are not in the path. */
  query: Type.Optional(names),
  /** Arguments that go into headers, by their own name. */
  header_arguments: Type.Optional(names),
  /** The one argument that is the whole body. */
  body: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  headers: Type.Optional(Type.Record(Type.String(), Type.String({ maxLength: 2_000 }))),
});

/** An operation of a description; what is kept is the request that it describes. */
export const openapiTarget = Type.Object({
  document: Type.Record(Type.String(), Type.Unknown()),
  operation_id: Type.String({ minLength: 1, maxLength: 200 }),
  /** In place of the description's first server. */
  server: Type.Optional(text),
});

/** A tool of an MCP server: over Streamable HTTP, or of a program that the operator has allowed. */
export const mcpTarget = Type.Object({
  url: Type.Optional(text),
  command: Type.Optional(
    Type.Array(Type.String({ maxLength: 1_000 }), { minItems: 1, maxItems: 50 }),
  ),
  /** As the server calls it; the tool's own name unless said. */
  tool: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  /** SHA-256 of the schema that the server has said: with another one, the tool is not called. */
  pin: Type.Optional(Type.String({ pattern: '^[0-9a-f]{64}$' })),
});

/** How many calls in how long; none is borrowed from the time to come. */
export const toolRate = Type.Object({
  calls: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
  per_seconds: Type.Integer({ minimum: 1, maximum: 86_400 }),
});

export const toolCredential = Type.Object({
  /** The secret, or a reference to a secret manager that the operator allows. Never shown again. */
  value: Type.String({ minLength: 1, maxLength: 8_192, pattern: '^[\\x20-\\x7e]+$' }),
  /** `authorization` unless said. */
  header: Type.Optional(Type.String({ pattern: '^[A-Za-z][A-Za-z0-9-]{0,99}$' })),
  /** Before the value; `Bearer ` unless said. */
  prefix: Type.Optional(Type.String({ maxLength: 100, pattern: '^[\\x20-\\x7e]*$' })),
});

/** What may be left out, and changed. */
export const toolFields = {
  description: Type.Optional(Type.String({ maxLength: 4_000 })),
  owner: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  mode: Type.Optional(toolMode),
  risk: Type.Optional(toolRisk),
  /** A person decides about each call; of what is destructive, always. */
  approval: Type.Optional(Type.Boolean()),
  timeout_ms: Type.Optional(Type.Integer({ minimum: 10, maximum: TOOL_TIMEOUT_MS_MAX })),
  /** The same call twice is as good as once: it may be repeated. */
  idempotent: Type.Optional(Type.Boolean()),
  /** Further tries of what may be repeated. */
  retries: Type.Optional(Type.Integer({ minimum: 0, maximum: 5 })),
  result_bytes_max: Type.Optional(Type.Integer({ minimum: 1, maximum: TOOL_RESULT_BYTES_MAX })),
  input_schema: Type.Optional(jsonSchema),
  output_schema: Type.Optional(orNull(jsonSchema)),
  /** Hosts, `host:port` or `*.host`, that may be called; the target's own unless said. */
  egress: Type.Optional(names),
  rate: Type.Optional(orNull(toolRate)),
  http: Type.Optional(httpTarget),
  openapi: Type.Optional(openapiTarget),
  mcp: Type.Optional(mcpTarget),
  credential: Type.Optional(orNull(toolCredential)),
  enabled: Type.Optional(Type.Boolean()),
};

export const tool = Type.Object({
  id,
  name: Type.String(),
  /** Counts its changes. */
  version: Type.Integer(),
  kind: toolKind,
  /** Null: of the whole organization. */
  project_id: idOrNull,
  description: Type.String(),
  owner: Type.String(),
  mode: toolMode,
  risk: toolRisk,
  approval: Type.Boolean(),
  timeout_ms: Type.Integer(),
  idempotent: Type.Boolean(),
  retries: Type.Integer(),
  result_bytes_max: Type.Integer(),
  input_schema: jsonSchema,
  output_schema: orNull(jsonSchema),
  egress: Type.Array(Type.String()),
  rate: orNull(toolRate),
  http: orNull(httpTarget),
  mcp: orNull(mcpTarget),
  /** Where it goes, and its last signs. */
  credential: orNull(Type.Object({ header: Type.String(), hint: Type.String() })),
  /** SHA-256 of all that decides what a call does. */
  digest: Type.String(),
  enabled: Type.Boolean(),
  created_by: Type.String(),
  created_at: instant,
  updated_by: textOrNull,
  updated_at: instantOrNull,
});

export { toolKind };
