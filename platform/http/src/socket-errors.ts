import type { Socket } from 'node:net';

import { Fault } from '@sagewai/fault';
import type { ProblemCode } from '@sagewai/wire';

import { toProblem } from './error-shapes.ts';

/** What cannot even be read as HTTP: there is no request, no route and no surface yet. */
const REFUSALS: Readonly<Record<string, { code: ProblemCode; detail: string }>> = {
  HPE_HEADER_OVERFLOW: { code: 'request.overlong', detail: 'The headers are too large.' },
  ERR_HTTP_REQUEST_TIMEOUT: { code: 'request.late', detail: 'The request did not arrive in time.' },
};

const BROKEN = {
  code: 'request.malformed',
  detail: 'This is not a valid HTTP/1.1 request.',
} as const;

/** Answers, if an answer can still be read, and ends the connection. Returns the status; null: none sent. */
export function refuseSocket(
  error: Error & { code?: string },
  socket: Socket,
  requestId: string,
): number | null {
  const inAnswer = '_httpMessage' in socket && socket._httpMessage !== null;
  if (error.code === 'ECONNRESET' || !socket.writable || inAnswer) {
    // In the middle of an answer, further bytes would be read as its body.
    socket.destroy();
    return null;
  }
  const { code, detail } = REFUSALS[error.code ?? ''] ?? BROKEN;
  const problem = toProblem(new Fault(code, 'not HTTP', { detail }), requestId);
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${problem.status} Refused`,
    'connection: close',
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${requestId}`,
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  return problem.status;
}
