/** What is registered: the only things that anything has an effect through. */
import type { ProjectId, ToolMode } from '@sagewai/wire';
import { TOOL_MODES } from '@sagewai/wire';

export type ToolKind = 'http' | 'openapi' | 'mcp' | 'worker';
export type JsonSchema = Readonly<Record<string, unknown>>;

export interface HttpTarget {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly query: readonly string[];
  readonly headerArguments: readonly string[];
  /** The one argument that is the whole body. */
  readonly body: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

export interface McpTarget {
  readonly url: string | null;
  readonly command: readonly string[] | null;
  readonly tool: string;
  /** Of the schema that the server said when the tool was registered. */
  readonly pin: string | null;
}

export interface Rate {
  readonly calls: number;
  readonly perSeconds: number;
}

/** Where a credential goes; what it is stands sealed beside the manifest. */
export interface CredentialPlace {
  readonly header: string;
  readonly prefix: string;
  readonly hint: string;
}

export interface Manifest {
  readonly description: string;
  readonly owner: string;
  /** The most that a call of it may do. */
  readonly mode: ToolMode;
  readonly risk: 'low' | 'medium' | 'high';
  readonly approval: boolean;
  readonly timeoutMs: number;
  readonly idempotent: boolean;
  readonly retries: number;
  readonly resultBytesMax: number;
  readonly inputSchema: JsonSchema;
  readonly outputSchema: JsonSchema | null;
  /** A5. Hosts that may be called. */
  readonly egress: readonly string[];
  readonly rate: Rate | null;
  readonly http: HttpTarget | null;
  readonly mcp: McpTarget | null;
  readonly credential: CredentialPlace | null;
}

export interface Tool {
  readonly id: string;
  /** Null: of the whole organization. */
  readonly projectId: ProjectId | null;
  readonly name: string;
  readonly kind: ToolKind;
  readonly version: number;
  readonly manifest: Manifest;
  readonly digest: string;
  readonly sealedCredential: string | null;
  readonly enabled: boolean;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly updatedBy: string | null;
  readonly updatedAt: Date | null;
}

/** A4. What cannot be undone, a person decides about, whatever the manifest says. */
export const needsApproval = ({ mode, approval }: Manifest): boolean =>
  approval || mode === 'destructive';

/** What may be done again when nobody knows whether it was done. */
export const isRepeatable = ({ mode, idempotent }: Manifest): boolean =>
  idempotent || mode === 'read_only';

export const isWithin = (mode: ToolMode, max: ToolMode): boolean =>
  TOOL_MODES.indexOf(mode) <= TOOL_MODES.indexOf(max);
