import type { IncomingHttpHeaders } from 'node:http';

import {
  FORMER_VERSIONS,
  type McpReply,
  type McpRequest,
  META,
  MODERN_VERSIONS,
  record,
  RPC,
} from './message.ts';

export type ReadRequest =
  | { readonly kind: 'request'; readonly request: McpRequest; readonly isModern: boolean }
  /** A notification, or an answer to what nobody asked; with the id of a request that is cancelled by it. */
  | { readonly kind: 'noted'; readonly cancelled: McpRequest['id'] }
  | { readonly kind: 'refused'; readonly reply: McpReply };

const CANCELLED = 'notifications/cancelled';

type Id = McpRequest['id'];

/**
 * One message, by either life: the revisions up to 2025-11-25 say once what they speak, later ones in each request, and
 * in headers that intermediaries route by and that must say the same.
 */
export function readRequest(body: unknown, headers: IncomingHttpHeaders): ReadRequest {
  const message = record(body);
  const { method } = message;
  const id = idOf(message['id']);
  if (message['jsonrpc'] !== '2.0') return refuse(id, RPC.invalidRequest, 'no JSON-RPC 2.0');
  if (typeof method !== 'string') {
    const isAnswer = 'result' in message || 'error' in message;
    return isAnswer
      ? { kind: 'noted', cancelled: null }
      : refuse(id, RPC.invalidRequest, 'no method');
  }
  if (!('id' in message)) {
    const { requestId } = record(message['params']);
    return { kind: 'noted', cancelled: method === CANCELLED ? idOf(requestId) : null };
  }
  if (id === null) return refuse(null, RPC.invalidRequest, 'an id is a text or a number');
  const request = { id, method, params: record(message['params']) };
  const meta = record(request.params['_meta']);
  const said = headers['mcp-protocol-version'];
  const isModern =
    META.version in meta ||
    method === 'server/discover' ||
    (typeof said === 'string' && MODERN_VERSIONS.includes(said));
  if (!isModern) {
    const isKnown =
      typeof said !== 'string' || method === 'initialize' || FORMER_VERSIONS.includes(said);
    return isKnown ? { kind: 'request', request, isModern } : unsupported(id, said);
  }
  const mistake = mistakeIn(request, meta, headers);
  return mistake ?? { kind: 'request', request, isModern };
}

function mistakeIn(
  { id, method, params }: McpRequest,
  meta: Readonly<Record<string, unknown>>,
  headers: IncomingHttpHeaders,
): ReadRequest | null {
  const version = meta[META.version];
  if (typeof version !== 'string')
    return refuse(id, RPC.invalidParams, `_meta has no ${META.version}`);
  if (typeof meta[META.capabilities] !== 'object') {
    return refuse(id, RPC.invalidParams, `_meta has no ${META.capabilities}`);
  }
  const differs = (name: string, value: unknown): boolean =>
    typeof value === 'string' && headers[name] !== undefined && decode(headers[name]) !== value;
  if (headers['mcp-protocol-version'] === undefined || differs('mcp-protocol-version', version)) {
    return refuse(id, RPC.headerMismatch, 'MCP-Protocol-Version is not what _meta says');
  }
  if (differs('mcp-method', method) || differs('mcp-name', params['name'])) {
    return refuse(id, RPC.headerMismatch, 'Mcp-Method or Mcp-Name is not what the body says');
  }
  return MODERN_VERSIONS.includes(version) ? null : unsupported(id, version);
}

/** Values that are no visible ASCII travel as Base64. */
function decode(value: string | string[] | undefined): string {
  const text = String(value);
  const [, encoded] = /^=\?base64\?(.*)\?=$/.exec(text) ?? [];
  return encoded === undefined ? text : Buffer.from(encoded, 'base64').toString('utf8');
}

const unsupported = (id: Id, requested: string): ReadRequest =>
  refuse(id, RPC.unsupportedVersion, 'the protocol version is not supported', {
    supported: [...MODERN_VERSIONS],
    requested,
  });

function refuse(id: Id, code: number, message: string, data?: object): ReadRequest {
  return {
    kind: 'refused',
    reply: failure(400, id, { code, message, ...(data ? { data } : {}) }),
  };
}

export const failure = (status: number, id: Id, error: object): McpReply => ({
  status,
  body: { jsonrpc: '2.0', id, error },
});

const idOf = (value: unknown): Id =>
  typeof value === 'string' || typeof value === 'number' ? value : null;
