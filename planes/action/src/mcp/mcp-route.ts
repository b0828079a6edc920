import { asFault, Fault } from '@sagewai/fault';
import { demandOrganization } from '@sagewai/fleet';
import {
  type Caller,
  implementStream,
  isAllowed,
  type RequestHead,
  type Route,
} from '@sagewai/http';
import { inTenant } from '@sagewai/postgres';
import { exchangeMcp } from '@sagewai/wire';

import { askTool } from '../call-routes.ts';
import { callingOf } from '../calling.ts';
import type { ActionParts } from '../parts.ts';
import { findToolNamed, listToolsOf } from '../tools.sql.ts';
import { describeAnswer, describeTool } from './describe-tool.ts';
import {
  FORMER_VERSIONS,
  type McpReply,
  type McpRequest,
  META,
  MODERN_VERSIONS,
  record,
  RPC,
} from './message.ts';
import { failure, readRequest } from './read-request.ts';

const TOOLS_FRESH_MS = 5_000;
const KEY_LENGTH_MAX = 300;
const SERVER = { name: 'sagewai', version: '0.1.0' };
const CAPABILITIES = { tools: { listChanged: false } };

interface Exchange {
  readonly parts: ActionParts;
  readonly caller: Caller;
  readonly signal: AbortSignal;
}

type Result = Readonly<Record<string, unknown>>;

/** The project's tools for any MCP client, under the same keys, permissions, gate and audit log as everywhere. */
export function mcpRoute(parts: ActionParts): Route {
  return implementStream(exchangeMcp, async ({ body, caller, request, reply }) => {
    demandOwnPage(request);
    const read = readRequest(body, request.headers);
    const of = { parts, caller, signal: request.signal };
    const answer: McpReply =
      read.kind === 'noted'
        ? { status: 202, body: null }
        : read.kind === 'refused'
          ? read.reply
          : await answerRequest(of, read.request, read.isModern);
    reply.statusCode = answer.status;
    if (answer.body === null) {
      reply.end();
      return;
    }
    reply.setHeader('content-type', 'application/json');
    reply.end(JSON.stringify(answer.body));
  });
}

/** A page of somebody else's, in a browser that reaches this server, is nobody's client. */
function demandOwnPage({ headers }: RequestHead): void {
  const { origin, host } = headers;
  if (origin === undefined || (URL.canParse(origin) && new URL(origin).host === host)) return;
  throw new Fault('caller.forged', `a page of ${origin} calls`);
}

async function answerRequest(
  of: Exchange,
  request: McpRequest,
  isModern: boolean,
): Promise<McpReply> {
  const { id, method } = request;
  const handle = (isModern ? MODERN : FORMER)[method];
  if (handle === undefined) {
    const error = {
      code: RPC.unknownMethod,
      message: `there is no method ${method.slice(0, 100)}`,
    };
    return failure(isModern ? 404 : 200, id, error);
  }
  try {
    const result = await handle(of, request);
    const framed = isModern
      ? { resultType: 'complete', ...result, _meta: { [META.server]: SERVER } }
      : result;
    return { status: 200, body: { jsonrpc: '2.0', id, result: framed } };
  } catch (thrown) {
    const fault = asFault(thrown);
    if (fault.code === 'service.broken')
      of.parts.log.error('an MCP request failed', { error: thrown });
    const isTheirs = fault.code === 'request.invalid' || fault.code === 'resource.missing';
    const code = isTheirs ? RPC.invalidParams : RPC.internal;
    return failure(200, id, { code, message: fault.detail, data: { code: fault.code } });
  }
}

type Handle = (of: Exchange, request: McpRequest) => Promise<Result>;

async function listTools({ parts, caller }: Exchange): Promise<Result> {
  const orgId = demandOrganization(caller);
  const { projectId } = caller;
  const all = await inTenant(parts.db, [orgId], (tx) => listToolsOf(tx, { orgId, projectId }));
  // The project's own goes before that of all projects; functions of workers are called by their runs.
  const seen = new Map(
    all
      .filter(({ enabled, kind }) => enabled && kind !== 'worker')
      .map((tool) => [tool.name.toLowerCase(), tool]),
  );
  return { tools: [...seen.values()].map(describeTool) };
}

async function callTool(
  { parts, caller, signal }: Exchange,
  { params }: McpRequest,
): Promise<Result> {
  if (!isAllowed('tool:call', caller)) {
    throw new Fault('caller.forbidden', 'the caller may list tools, and not call them', {
      detail: 'The credential does not have the permission tool:call.',
    });
  }
  const { name } = params;
  const calling = callingOf(caller);
  const { orgId, projectId, runId } = calling;
  const tool =
    typeof name !== 'string'
      ? null
      : await inTenant(parts.db, [orgId], (tx) => findToolNamed(tx, { orgId, projectId, name }));
  if (tool === null || tool.kind === 'worker') {
    throw new Fault('resource.missing', 'an MCP client calls what there is not', {
      detail: `There is no tool ${String(name).slice(0, 100)}.`,
    });
  }
  const key = record(params['_meta'])[META.key];
  const named = typeof key === 'string' ? key : undefined;
  if (named !== undefined && (named === '' || named.length > KEY_LENGTH_MAX)) {
    throw new Fault('request.invalid', 'an idempotency key is empty, or too long', {
      detail: `${META.key} must have 1 to ${KEY_LENGTH_MAX} characters.`,
    });
  }
  const asked = {
    tool: tool.name,
    arguments: record(params['arguments']),
    isUnnamed: named === undefined,
    ...(runId === null && named !== undefined ? { idempotency_key: named } : {}),
    ...(runId === null ? {} : { step: named ?? `mcp ${crypto.randomUUID()}` }),
  };
  try {
    return describeAnswer(tool, await askTool(parts, calling, asked, signal));
  } catch (thrown) {
    // What a model can mend it is told as the tool's answer.
    if (!(thrown instanceof Fault) || thrown.code === 'service.broken') throw thrown;
    return { content: [{ type: 'text', text: thrown.detail }], isError: true };
  }
}

const initialize: Handle = (_, { params }) => {
  const asked = params['protocolVersion'];
  const isSpoken = typeof asked === 'string' && FORMER_VERSIONS.includes(asked);
  return Promise.resolve({
    protocolVersion: isSpoken ? asked : FORMER_VERSIONS[0],
    capabilities: CAPABILITIES,
    serverInfo: SERVER,
  });
};

const discover: Handle = () =>
  Promise.resolve({
    supportedVersions: [...MODERN_VERSIONS],
    capabilities: { tools: {} },
    ttlMs: TOOLS_FRESH_MS,
    cacheScope: 'private',
  });

const FORMER: Readonly<Record<string, Handle>> = {
  initialize,
  ping: () => Promise.resolve({}),
  'tools/list': listTools,
  'tools/call': callTool,
};

const MODERN: Readonly<Record<string, Handle>> = {
  'server/discover': discover,
  'tools/list': async (of) => ({
    ...(await listTools(of)),
    ttlMs: TOOLS_FRESH_MS,
    cacheScope: 'private',
  }),
  'tools/call': callTool,
};
