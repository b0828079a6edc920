import type { approveToolCall, getTool, OutputOf } from '@sagewai/wire';

import type { ToolCall } from './tool-call.ts';
import type { HttpTarget, McpTarget, Tool } from './tool.ts';

export function toolToWire(tool: Tool): OutputOf<typeof getTool> {
  const { manifest } = tool;
  return {
    id: tool.id,
    name: tool.name,
    version: tool.version,
    kind: tool.kind,
    project_id: tool.projectId,
    description: manifest.description,
    owner: manifest.owner,
    mode: manifest.mode,
    risk: manifest.risk,
    approval: manifest.approval,
    timeout_ms: manifest.timeoutMs,
    idempotent: manifest.idempotent,
    retries: manifest.retries,
    result_bytes_max: manifest.resultBytesMax,
    input_schema: { ...manifest.inputSchema },
    output_schema: manifest.outputSchema && { ...manifest.outputSchema },
    egress: [...manifest.egress],
    rate: manifest.rate && { calls: manifest.rate.calls, per_seconds: manifest.rate.perSeconds },
    http: manifest.http && httpToWire(manifest.http),
    mcp: manifest.mcp && mcpToWire(manifest.mcp),
    credential: manifest.credential && {
      header: manifest.credential.header,
      hint: manifest.credential.hint,
    },
    digest: tool.digest,
    enabled: tool.enabled,
    created_by: tool.createdBy,
    created_at: tool.createdAt.toISOString(),
    updated_by: tool.updatedBy,
    updated_at: tool.updatedAt?.toISOString() ?? null,
  };
}

const httpToWire = ({ method, url, query, headerArguments, body, headers }: HttpTarget) => ({
  method,
  url,
  query: [...query],
  header_arguments: [...headerArguments],
  ...(body === null || body === '' ? {} : { body }),
  headers: { ...headers },
});

const mcpToWire = ({ url, command, tool, pin }: McpTarget) => ({
  tool,
  ...(pin === null ? {} : { pin }),
  ...(url === null ? {} : { url }),
  ...(command === null ? {} : { command: [...command] }),
});

export function callToWire(call: ToolCall): OutputOf<typeof approveToolCall> {
  return {
    id: call.id,
    tool: call.toolName,
    tool_version: call.toolVersion,
    mode: call.mode,
    state: call.state,
    project_id: call.projectId,
    run_id: call.runId,
    step: call.step,
    arguments_digest: call.argumentsDigest,
    result_digest: call.resultDigest,
    result_bytes: call.resultBytes,
    error: call.error,
    attempts: call.attempt,
    requested_by: call.requestedBy,
    decided_by: call.decidedBy,
    created_at: call.createdAt.toISOString(),
    due_at: call.dueAt?.toISOString() ?? null,
    ended_at: call.endedAt?.toISOString() ?? null,
  };
}
