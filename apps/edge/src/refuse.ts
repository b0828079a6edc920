import type { ServerResponse } from 'node:http';

import { Fault } from '@sagewai/fault';
import { sendFault } from '@sagewai/http';
import type { ProblemCode, Surface } from '@sagewai/wire';

interface Reason {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly retryAfterMs?: number;
}

const REASONS = {
  unreachable: {
    code: 'service.unavailable',
    detail: 'The gateway behind the edge cannot be reached.',
    retryAfterMs: 1_000,
  },
  starting: {
    code: 'service.unavailable',
    detail: 'The gateway behind the edge is not up yet.',
    retryAfterMs: 1_000,
  },
  lost: {
    code: 'upstream.broken',
    detail: 'The gateway behind the edge broke off before it answered.',
  },
  late: { code: 'upstream.late', detail: 'The gateway behind the edge did not answer in time.' },
  draining: { code: 'service.draining', detail: 'The edge is shutting down.', retryAfterMs: 1_000 },
  busy: {
    code: 'service.busy',
    detail: 'The edge has as many requests under way as it takes.',
    retryAfterMs: 1_000,
  },
  rate: { code: 'rate.exceeded', detail: 'Too many requests of this client.' },
  unmounted: { code: 'request.unroutable', detail: 'Nothing is mounted at this path.' },
  climbing: { code: 'request.malformed', detail: 'A path may not climb.' },
} as const satisfies Record<string, Reason>;

export type Refusal = keyof typeof REASONS;

interface Of {
  readonly url: string;
  readonly requestId: string;
}

/** Answers in the shape that a client of this surface parses. */
export function refuse(
  response: ServerResponse,
  why: Refusal,
  { url, requestId }: Of,
  how: { readonly retryAfterMs?: number; readonly isLast?: boolean } = {},
): void {
  const reason: Reason = REASONS[why];
  const retryAfterMs = how.retryAfterMs ?? reason.retryAfterMs;
  const fault = new Fault(reason.code, `refused by the edge: ${why}`, {
    detail: reason.detail,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
  sendFault(response, fault, { surface: surfaceOf(url), requestId, isLast: how.isLast ?? false });
}

function surfaceOf(url: string): Surface {
  if (url.startsWith('/v1/messages')) return 'anthropic';
  return url.startsWith('/v1/') ? 'openai' : 'own';
}
