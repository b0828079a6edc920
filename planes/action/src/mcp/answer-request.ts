import { asFault, Fault } from '@sagewai/fault';
import { demandOrganization } from '@sagewai/fleet';
import { type Caller, isAllowed } from '@sagewai/http';
import { inTenant } from '@sagewai/postgres';

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
import { failure } from './read-request.ts';
import type { createReplier } from './replier.ts';

const TOOLS_FRESH_MS = 5_000;
const KEY_LENGTH_MAX = 300;
const SERVER = { name: 'sagewai', version: '0.1.0' };
const CAPABILITIES = { tools: { listChanged: false } };

export interface Exchange {
  readonly parts: ActionParts;
  readonly caller: Caller;
  /** The caller has left. */
  readonly signal: AbortSignal;
  readonly draining: AbortSignal;
  /** Whoever has asked does not want it any more. */
  readonly cancelled: AbortSignal;
  readonly replier: Pick<ReturnType<typeof createReplier>, 'notify' | 'keepAlive'>;
}

type Result = Readonly<Record<string, unknown>>;

/** One request of a client, under the same keys, permissions, gate and audit log as everywhere. */
export async function answerRequest(
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
      ? {
          resultType: 'complete',
          ...result,
          _meta: { ...record(result['_meta']), [META.server]: SERVER },
        }
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
  const offered = (await parts.offers?.list(caller)) ?? [];
  const others = offered.filter(({ name }) => !seen.has(name.toLowerCase()));
  return { tools: [...[...seen.values()].map(describeTool), ...others] };
}

async function callTool(of: Exchange, request: McpRequest): Promise<Result> {
  const { parts, caller, signal } = of;
  const { params } = request;
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
    const answered = tool === null ? await askOffered(of, params) : null;
    if (answered !== null) return answered;
    throw new Fault('resource.missing', 'an MCP client calls what there is not', {
      detail: `There is no tool ${String(name).slice(0, 100)}.`,
    });
  }
  const named = keyOf(params);
  const asked = {
    tool: tool.name,
    arguments: record(params['arguments']),
    isUnnamed: named === undefined,
    ...(runId === null && named !== undefined ? { idempotency_key: named } : {}),
    ...(runId === null ? {} : { step: named ?? `mcp ${crypto.randomUUID()}` }),
  };
  return askTool(parts, calling, asked, signal).then(
    (answer) => describeAnswer(tool, answer),
    toldAsAnswer,
  );
}

function keyOf(params: McpRequest['params']): string | undefined {
  const key = record(params['_meta'])[META.key];
  const named = typeof key === 'string' ? key : undefined;
  if (named !== undefined && (named === '' || named.length > KEY_LENGTH_MAX)) {
    throw new Fault('request.invalid', 'an idempotency key is empty, or too long', {
      detail: `${META.key} must have 1 to ${KEY_LENGTH_MAX} characters.`,
    });
  }
  return named;
}

/** What is no tool, and may take long: a client that gave a token for that hears how it gets on. */
async function askOffered(of: Exchange, params: McpRequest['params']): Promise<Result | null> {
  const { parts, caller, signal, draining, cancelled, replier } = of;
  const { name } = params;
  if (parts.offers === null || typeof name !== 'string') return null;
  const token = record(params['_meta'])['progressToken'];
  const takesProgress = typeof token === 'string' || typeof token === 'number';
  let progress = 0;
  replier.keepAlive();
  return await parts.offers
    .ask(caller, {
      name,
      arguments: record(params['arguments']),
      key: keyOf(params) ?? null,
      cancelled,
      left: AbortSignal.any([signal, draining]),
      tell: (message) => {
        if (!takesProgress) return;
        progress += 1;
        replier.notify('notifications/progress', { progressToken: token, progress, message });
      },
    })
    .catch(toldAsAnswer);
}

/** What a model can mend it is told as the tool's answer. */
function toldAsAnswer(thrown: unknown): Result {
  if (!(thrown instanceof Fault) || thrown.code === 'service.broken') throw thrown;
  return { content: [{ type: 'text', text: thrown.detail }], isError: true };
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
