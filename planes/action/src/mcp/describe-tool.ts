import type { Answered } from '../answer-call.ts';
import { needsApproval, type Tool } from '../tool.ts';
import { record } from './message.ts';

/** A tool as MCP lists it. Its hints are only that: what decides is the gate. */
export function describeTool({ name, manifest }: Tool): Readonly<Record<string, unknown>> {
  const { outputSchema, inputSchema, mode } = manifest;
  const about = manifest.description || name;
  return {
    name,
    description: needsApproval(manifest)
      ? `${about}\nA person approves each call; ask again with the same arguments afterwards.`.trim()
      : about,
    inputSchema: { ...inputSchema, type: 'object' },
    // Only objects are structured content.
    ...(outputSchema?.['type'] === 'object' ? { outputSchema } : {}),
    annotations: {
      readOnlyHint: mode === 'read_only',
      destructiveHint: mode === 'destructive',
      idempotentHint: manifest.idempotent,
      openWorldHint: mode === 'network' || mode === 'delegated',
    },
  };
}

/** What came of a call, for a model to read. */
export function describeAnswer(
  { kind, manifest }: Pick<Tool, 'kind' | 'manifest'>,
  answer: Answered,
): Readonly<Record<string, unknown>> {
  if (answer.state !== 'completed') return { content: [text(explain(answer))], isError: true };
  const { result } = answer;
  const { content, structuredContent } = record(result);
  if (kind === 'mcp' && Array.isArray(content)) {
    return { content, ...(structuredContent === undefined ? {} : { structuredContent }) };
  }
  const isStructured = manifest.outputSchema?.['type'] === 'object';
  const said = typeof result === 'string' ? result : JSON.stringify(result);
  return { content: [text(said)], ...(isStructured ? { structuredContent: result } : {}) };
}

function explain({ state, call_id: id, message, error }: Answered): string {
  if (state === 'waiting') {
    return `Call ${id} waits for somebody to approve it. Ask again with the same arguments afterwards.`;
  }
  if (state === 'unknown') {
    return `Call ${id} may have had its effect: ${message ?? error ?? 'nobody knows'}. Do not repeat it unasked.`;
  }
  return `Call ${id} is ${state}: ${message ?? error ?? ''}`;
}

const text = (said: string) => ({ type: 'text', text: said });
