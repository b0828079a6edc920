import type { ServerResponse } from 'node:http';

import { asFault } from '@sagewai/fault';
import { demandOrganization } from '@sagewai/fleet';
import {
  type Caller,
  found,
  implement,
  implementStream,
  type RequestHead,
  type Route,
  SAFETY_HEADERS,
} from '@sagewai/http';
import { exchangeA2a, exchangeA2aAgent, readAgentCard, readServerCard } from '@sagewai/wire';

import { chooseWorkflow } from '../choose-workflow.ts';
import type { DecisionParts } from '../parts.ts';
import { listNewestWorkflows, listWorkflowRows } from '../workflows.sql.ts';
import { type A2aExchange, METHODS, STREAMS } from './a2a-methods.ts';
import { cardOf, serverCardOf } from './agent-card.ts';
import { failure, readRpc, RPC, RpcError, type RpcId, success } from './rpc.ts';

const SKILLS_MAX = 200;
const VERSION_HEADER = 'a2a-version';
const VERSION = '1.0';

/** Workflows as agents of the Agent2Agent protocol: cards to find them by, and tasks that are runs. */
export function a2aRoutes(parts: DecisionParts): Route[] {
  const urlOf = ({ headers, isTls }: RequestHead): string =>
    parts.publicUrl ?? `${isTls ? 'https' : 'http'}://${headers.host ?? 'localhost'}`;
  const exchange = (input: ExchangeInput): Promise<void> => exchangeRpc(parts, input);
  return [
    implement(readServerCard, async ({ tx, orgId, caller, request }) => {
      const of = { orgId, projectId: caller.projectId, after: null, limit: SKILLS_MAX };
      const rows = await listNewestWorkflows(tx, of);
      // W2. Of one name, the project's own.
      const unique = rows.filter(({ name }, at) => name !== rows[at - 1]?.name);
      return serverCardOf(unique, urlOf(request));
    }),
    implement(readAgentCard, async ({ tx, orgId, caller, params, request }) => {
      const of = { orgId, projectId: caller.projectId, name: params.workflow };
      const row = chooseWorkflow(await listWorkflowRows(tx, of), undefined);
      return cardOf(found(row, 'There is no such workflow.'), urlOf(request));
    }),
    implementStream(exchangeA2a, (input) => exchange({ ...input, workflow: null })),
    implementStream(exchangeA2aAgent, ({ params, ...input }) =>
      exchange({ ...input, workflow: params.workflow }),
    ),
  ];
}

interface ExchangeInput {
  readonly body: unknown;
  readonly caller: Caller;
  readonly request: RequestHead;
  readonly reply: ServerResponse;
  readonly workflow: string | null;
}

async function exchangeRpc(
  parts: DecisionParts,
  { body, caller, request, reply, workflow }: ExchangeInput,
): Promise<void> {
  demandOrganization(caller);
  const left = AbortSignal.any([request.signal, request.draining]);
  const of = { parts, caller, workflow, left };
  const asked = readRpc(body);
  const id = asked?.id ?? null;
  try {
    if (asked === null)
      throw new RpcError(RPC.invalidRequest, 'This is no request of JSON-RPC 2.0.');
    demandVersion(request);
    const stream = STREAMS[asked.method];
    if (stream !== undefined) {
      await sendEvents(of, reply, { id, run: await stream(of, asked.params) });
      return;
    }
    const method = METHODS[asked.method];
    if (method === undefined) throw unknown(asked.method);
    answer(reply, success(id, await method(of, asked.params)));
  } catch (thrown) {
    answer(reply, failure(id, toRpcError(parts, thrown)));
  }
}

/** Who says none speaks this one, or is told by its methods that it does not. */
function demandVersion({ headers }: RequestHead): void {
  const said = headers[VERSION_HEADER];
  if (said === undefined || said === '' || said === VERSION) return;
  throw new RpcError(RPC.version, `A2A ${VERSION} is spoken here.`);
}

function unknown(method: string): RpcError {
  if (method.includes('PushNotification')) {
    return new RpcError(RPC.noPushNotifications, 'There are no push notifications.');
  }
  const message = `There is no method ${method.slice(0, 100)}: A2A ${VERSION} is spoken here.`;
  return new RpcError(method === 'ListTasks' ? RPC.unsupported : RPC.unknownMethod, message);
}

async function sendEvents(
  { parts }: A2aExchange,
  reply: ServerResponse,
  of: { readonly id: RpcId; readonly run: (emit: (result: object) => void) => Promise<void> },
): Promise<void> {
  reply.writeHead(200, {
    ...SAFETY_HEADERS,
    'content-type': 'text/event-stream; charset=utf-8',
    'x-accel-buffering': 'no',
  });
  const write = (text: string): void => {
    if (!reply.destroyed) reply.write(text);
  };
  const tell = (message: object): void => write(`data: ${JSON.stringify(message)}\n\n`);
  const timer = setInterval(() => write(':\n\n'), parts.settings.streamKeepAliveMs);
  try {
    await of.run((result) => tell(success(of.id, result)));
  } catch (thrown) {
    tell(failure(of.id, toRpcError(parts, thrown)));
  } finally {
    clearInterval(timer);
    reply.end();
  }
}

function answer(reply: ServerResponse, message: object): void {
  reply.setHeader('content-type', 'application/json');
  reply.end(JSON.stringify(message));
}

function toRpcError({ log }: Pick<DecisionParts, 'log'>, thrown: unknown): RpcError {
  if (thrown instanceof RpcError) return thrown;
  const { code, detail } = asFault(thrown);
  if (code === 'service.broken') log.error('an A2A request failed', { error: thrown });
  const isTheirs = MISTAKES.has(code);
  return new RpcError(isTheirs ? RPC.invalidParams : RPC.internal, `${detail} (${code})`);
}

const MISTAKES: ReadonlySet<string> = new Set([
  'request.invalid',
  'resource.missing',
  'workflow.input',
  'idempotency.conflict',
]);
