import type { PublicEgress } from '@sagewai/egress';
import { Fault } from '@sagewai/fault';

import { isOfAnother } from '../http/judge-answer.ts';
import { demandAllowed, first } from '../http/send-request.ts';
import { BadMcp, CutMcp, type McpWire, type RpcAnswer } from './mcp-connection.ts';
import { META, MODERN_VERSIONS, record } from './message.ts';
import { readMessages } from './read-messages.ts';

export interface HttpWireOptions {
  readonly egress: Pick<PublicEgress, 'open'>;
  readonly url: string;
  readonly allowed: readonly string[];
  /** A7. With the credential. */
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly bytesMax: number;
}

/** Nobody waits for it. */
const FAREWELL_MS_MAX = 5_000;
const ignored = (): void => undefined;

/** Streamable HTTP: a POST a message, answered by JSON or by a stream that has the answer in it. */
export function createHttpWire(options: HttpWireOptions): McpWire {
  const { egress, url, allowed, signal, bytesMax } = options;
  let session: string | null = null;
  let version: string | null = null;
  let nextId = 0;

  const post = (message: object, more: Readonly<Record<string, string>>) => {
    demandAllowed(allowed, url); // A5
    const headers = {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(session === null ? {} : { 'mcp-session-id': session }),
      ...(version === null ? {} : { 'mcp-protocol-version': version }),
      ...more,
      ...options.headers,
    };
    return egress.open(url, { method: 'POST', headers, body: JSON.stringify(message), signal });
  };

  return {
    request: async (method, params) => {
      nextId += 1;
      const id = nextId;
      const answer = await post({ jsonrpc: '2.0', id, method, params }, headersOf(method, params));
      session = first(answer.headers['mcp-session-id']) ?? session;
      const contentType = first(answer.headers['content-type']) ?? '';
      let bytes = 0;
      for await (const message of readMessages(answer.body, contentType, (length) => {
        bytes += length;
        if (bytes > bytesMax) throw new Fault('upstream.broken', 'an MCP server answers too much');
      })) {
        // What the server asks has ids of its own, which may be the same.
        const isAnswer = message['id'] === id && !('method' in message);
        if (isAnswer || isRefusal(message, answer.status)) return toAnswer(message);
      }
      if (isOfAnother(answer.status)) throw new CutMcp(`the server answers ${answer.status}`);
      if (answer.status >= 400) {
        return {
          kind: 'error',
          code: answer.status,
          message: `it answers ${answer.status}`,
          data: null,
        };
      }
      if (answer.status >= 300) throw new BadMcp(`the server answers ${answer.status}`);
      throw new CutMcp('the server has not answered the request');
    },
    notify: async (method) => {
      const { body } = await post({ jsonrpc: '2.0', method }, {});
      await leave(body);
    },
    agree: (agreed) => {
      version = agreed;
    },
    // What a server keeps for a client goes with it; one that takes no farewell forgets it in its own time.
    close: () => {
      if (session === null) return;
      const message = {
        method: 'DELETE',
        headers: {
          'mcp-session-id': session,
          ...(version === null ? {} : { 'mcp-protocol-version': version }),
          ...options.headers,
        },
        body: null,
        signal: AbortSignal.timeout(FAREWELL_MS_MAX),
      } as const;
      session = null;
      // Ignored to its end: an answer that breaks off would be a rejection that nobody handles, and end the process.
      egress
        .open(url, message)
        .then(({ body }) => leave(body))
        .catch(ignored);
    },
  };
}

/** Nothing is read of it: leaving ends the connection. */
async function leave(body: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of body) break;
}

/** What intermediaries route by, of a request that says what it speaks. */
function headersOf(method: string, params: object): Record<string, string> {
  const { _meta, name } = params as { readonly _meta?: unknown; readonly name?: unknown };
  const said = record(_meta)[META.version];
  if (typeof said !== 'string' || !MODERN_VERSIONS.includes(said)) return {};
  return {
    'mcp-protocol-version': said,
    'mcp-method': method,
    ...(typeof name === 'string' ? { 'mcp-name': encode(name) } : {}),
  };
}

const encode = (name: string): string =>
  /^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/.test(name)
    ? name
    : `=?base64?${Buffer.from(name).toString('base64')}?=`;

/** Refused before it was read: without an id. */
const isRefusal = (message: Readonly<Record<string, unknown>>, status: number): boolean =>
  status >= 400 && 'error' in message;

export function toAnswer(message: Readonly<Record<string, unknown>>): RpcAnswer {
  if ('error' in message) {
    const { code, message: said, data } = record(message['error']);
    return {
      kind: 'error',
      code: typeof code === 'number' ? code : 0,
      message: typeof said === 'string' ? said.slice(0, 500) : 'it does not say why',
      data,
    };
  }
  return { kind: 'result', result: record(message['result']) };
}
