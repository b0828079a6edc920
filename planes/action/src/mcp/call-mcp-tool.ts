import { hash } from 'node:crypto';

import { canonicalJson } from '@sagewai/wire';

import type { Attempt } from '../http/send-request.ts';
import { judgeFailure } from '../judge-failure.ts';
import type { Outcome } from '../outcome.ts';
import type { ActionParts } from '../parts.ts';
import type { CredentialPlace, Manifest, McpTarget, Tool } from '../tool.ts';
import { createHttpWire } from './http-wire.ts';
import {
  BadMcp,
  connectMcp,
  CutMcp,
  listRemoteTools,
  type McpWire,
  NoMcp,
} from './mcp-connection.ts';
import { META } from './message.ts';
import { createStdioWire } from './stdio-wire.ts';

/** Of all tools of a server, to compare one: what is too much for a result is not too much for a list. */
const LIST_BYTES_MAX = 4 * 1_048_576;

type Wired = Pick<ActionParts, 'egress' | 'settings'>;

/** A call of a tool of an MCP server, begun and ended with the connection to it. */
export async function callMcpTool(
  parts: Wired,
  { manifest }: Pick<Tool, 'manifest'>,
  { callId, args, credential, signal }: Attempt,
): Promise<Outcome> {
  const { mcp, egress: allowed, credential: place, resultBytesMax } = manifest;
  if (mcp === null) throw new Error('a tool of no MCP server');
  const bytesMax = mcp.pin === null ? resultBytesMax : Math.max(resultBytesMax, LIST_BYTES_MAX);
  let isSent = false;
  let wire: McpWire | null = null;
  try {
    wire = openWire(parts, { mcp, allowed, place, credential, signal, bytesMax });
    const connection = await connectMcp(wire);
    if (mcp.pin !== null) {
      const listed = (await listRemoteTools(connection)).find(({ name }) => name === mcp.tool);
      if (listed === undefined || pinOf(listed.inputSchema) !== mcp.pin) return CHANGED;
    }
    isSent = true;
    const answer = await connection.call('tools/call', {
      name: mcp.tool,
      arguments: args,
      _meta: { [META.key]: callId },
    });
    if (answer.kind === 'error') return failed('refused', `the server answered ${answer.message}`);
    const { content, structuredContent, isError, resultType } = answer.result;
    if (resultType !== undefined && resultType !== 'complete') {
      return failed('refused', 'the server wants to be told more, which nobody here can do');
    }
    if (!Array.isArray(content))
      return failed('garbage', 'the server answered what is no result of a tool');
    if (isError === true) return failed('refused', textOf(content));
    const result = structuredContent === undefined ? { content } : { content, structuredContent };
    return { kind: 'completed', result: JSON.stringify(result) };
  } catch (thrown) {
    return judge(thrown, isSent);
  } finally {
    wire?.close();
  }
}

/** What happened before the call itself has changed nothing. */
function judge(thrown: unknown, isSent: boolean): Outcome {
  if (thrown instanceof NoMcp) return failed('unreachable', thrown.message);
  const outcome: Outcome =
    thrown instanceof CutMcp
      ? { kind: 'unknown', error: 'cut', message: thrown.message }
      : thrown instanceof BadMcp
        ? failed('garbage', thrown.message)
        : judgeFailure(thrown);
  return isSent || outcome.kind !== 'unknown' ? outcome : { ...outcome, kind: 'failed' };
}

export interface WireOf {
  readonly mcp: Pick<McpTarget, 'url' | 'command'>;
  readonly allowed: readonly string[];
  readonly place: CredentialPlace | null;
  readonly credential: string | null;
  readonly signal: AbortSignal;
  readonly bytesMax: number;
}

export function openWire({ egress, settings }: Wired, of: WireOf): McpWire {
  const { mcp, allowed, place, credential, signal, bytesMax } = of;
  if (mcp.url === null) {
    return createStdioWire({
      command: mcp.command ?? [],
      allowed: settings.commands,
      signal,
      bytesMax,
    });
  }
  const headers: Record<string, string> =
    credential === null || place === null ? {} : { [place.header]: `${place.prefix}${credential}` };
  return createHttpWire({ egress, url: mcp.url, allowed, headers, signal, bytesMax });
}

/** What a tool was registered to take, as its server said it then. */
export const pinOf = (schema: Manifest['inputSchema']): string =>
  // One that is too deep for an order of its own has the server's.
  hash('sha256', canonicalJson(schema) ?? JSON.stringify(schema), 'hex');

const failed = (
  error: 'unreachable' | 'refused' | 'garbage' | 'changed',
  message: string,
): Outcome => ({
  kind: 'failed',
  error,
  message,
});

const CHANGED = failed(
  'changed',
  'the server has changed what the tool takes since it was registered',
);

function textOf(content: readonly unknown[]): string {
  const said = content
    .map((part) => (part as { readonly text?: unknown } | null)?.text)
    .filter((text) => typeof text === 'string');
  return said.join('\n').slice(0, 2_000) || 'the tool says that it has failed';
}
