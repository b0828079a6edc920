/** JSON-RPC 2.0 as MCP has it, and the revisions of the protocol that are spoken here. */
export interface McpRequest {
  readonly id: string | number | null;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

export interface McpReply {
  readonly status: number;
  /** Null: accepted, and nothing to say. */
  readonly body: Readonly<Record<string, unknown>> | null;
}

/** Without sessions: whoever calls says in each request what it speaks. */
export const MODERN_VERSIONS: readonly string[] = ['2026-07-28'];
/** Begun by `initialize`. Newest first. */
export const FORMER_VERSIONS: readonly string[] = ['2025-11-25', '2025-06-18', '2025-03-26'];

export const META = {
  version: 'io.modelcontextprotocol/protocolVersion',
  capabilities: 'io.modelcontextprotocol/clientCapabilities',
  client: 'io.modelcontextprotocol/clientInfo',
  server: 'io.modelcontextprotocol/serverInfo',
  /** Ours: what makes two calls the same one. */
  key: 'sagewai/idempotency-key',
} as const;

export const RPC = {
  invalidRequest: -32600,
  unknownMethod: -32601,
  invalidParams: -32602,
  internal: -32603,
  headerMismatch: -32020,
  unsupportedVersion: -32022,
} as const;

export const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : {};
