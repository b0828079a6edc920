import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';

import type { Fault } from '@sagewai/fault';
import { PROBLEMS, type Surface } from '@sagewai/wire';

import { ERROR_SHAPES } from './error-shapes.ts';

/** On every answer that the pipeline itself writes. */
export const SAFETY_HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
} as const;

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  /** Null: no content. */
  readonly text: string | null;
  readonly headers?: OutgoingHttpHeaders;
  readonly isLast: boolean;
}

/** Writes a whole answer; does nothing when the caller is gone. */
export function send(reply: ServerResponse, requestId: string, answer: Answer): void {
  if (reply.headersSent || reply.destroyed) return;
  const headers: OutgoingHttpHeaders = { ...SAFETY_HEADERS, 'x-request-id': requestId };
  if (answer.isLast) headers['connection'] = 'close';
  if (answer.text !== null) {
    headers['content-type'] = answer.contentType;
    headers['content-length'] = Buffer.byteLength(answer.text);
  }
  reply.writeHead(answer.status, answer.headers ? { ...headers, ...answer.headers } : headers);
  reply.end(answer.text ?? undefined);
}

/** Writes a failure in the shape of the surface that was called (H7). */
export function sendFault(
  reply: ServerResponse,
  fault: Fault,
  of: { surface: Surface; requestId: string; isLast: boolean; headers?: OutgoingHttpHeaders },
): number {
  const { status, contentType, body } = ERROR_SHAPES[of.surface](fault, of.requestId);
  const headers: OutgoingHttpHeaders = { ...of.headers };
  if (fault.retryAfterMs !== undefined) {
    headers['retry-after'] = String(Math.max(1, Math.ceil(fault.retryAfterMs / 1000)));
  }
  if (of.surface === 'anthropic') headers['request-id'] = of.requestId;
  if (PROBLEMS[fault.code].status === 401) headers['www-authenticate'] = 'Bearer realm="sagewai"';
  const text = JSON.stringify(body);
  send(reply, of.requestId, { status, contentType, text, headers, isLast: of.isLast });
  return status;
}
