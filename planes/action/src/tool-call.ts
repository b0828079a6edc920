/**
 * A call of a tool. It is accepted and begun in one transaction, before anything has an effect (A1); its key makes it one
 * (A2); only who has begun it last ends it (A3). The states and their order:
 *
 *   waiting → approved → running → completed | failed | unknown;  waiting, approved → denied
 */
import type { OrganizationId, ProjectId, RunId, ToolMode } from '@sagewai/wire';
import type { TOOL_CALL_STATES } from '@sagewai/wire';

import type { ToolError } from './outcome.ts';

export type CallState = (typeof TOOL_CALL_STATES)[number];

export interface ToolCall {
  readonly id: string;
  readonly key: Buffer;
  readonly projectId: ProjectId;
  readonly toolId: string;
  readonly toolName: string;
  readonly toolVersion: number;
  readonly toolDigest: string;
  readonly mode: ToolMode;
  readonly runId: RunId | null;
  readonly step: string | null;
  readonly state: CallState;
  readonly argumentsDigest: string;
  readonly sealedKey: string;
  readonly argumentsSealed: string;
  readonly resultSealed: string | null;
  readonly resultDigest: string | null;
  readonly resultBytes: number | null;
  readonly isBlob: boolean;
  readonly error: ToolError | null;
  readonly messageSealed: string | null;
  readonly attempt: number;
  readonly lateResultDigest: string | null;
  readonly requestedBy: string;
  readonly decidedBy: string | null;
  readonly createdAt: Date;
  readonly dueAt: Date | null;
  readonly endedAt: Date | null;
}

export interface NewCall {
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId;
  readonly id: string;
  readonly key: Buffer;
  readonly toolId: string;
  readonly toolName: string;
  readonly toolVersion: number;
  readonly toolDigest: string;
  readonly mode: ToolMode;
  readonly runId: RunId | null;
  readonly step: string | null;
  readonly argumentsDigest: string;
  readonly sealedKey: string;
  readonly argumentsSealed: string;
  readonly requestedBy: string;
  readonly needsApproval: boolean;
  readonly isRepeatable: boolean;
  readonly timeoutMs: number;
  readonly decideMs: number;
  readonly scopes: readonly string[];
}

export interface Beginning {
  readonly how:
    | 'begun'
    | 'waiting'
    | 'running'
    | 'ended'
    | 'limited'
    | 'conflict'
    | 'void'
    | 'late'
    | 'lost';
  readonly id: string;
  readonly waitMs: number | null;
  readonly attempt: number;
  readonly sealedKey: string;
}

/** What of a call its end is written with. */
export type BegunCall = Pick<
  ToolCall,
  'id' | 'sealedKey' | 'attempt' | 'toolName' | 'argumentsDigest' | 'runId'
>;

export interface CallEnd {
  readonly state: 'completed' | 'failed' | 'unknown';
  readonly error: ToolError | null;
  readonly messageSealed: string | null;
  readonly resultSealed: string | null;
  readonly resultDigest: string | null;
  readonly resultBytes: number | null;
  readonly isBlob: boolean;
}
