import type { Mistake, ProblemCode } from '@sagewai/wire';

import type { Incoming } from './send.ts';

export interface FailureFields {
  /** 0 when no answer arrived. */
  readonly status: number;
  readonly code: ProblemCode | 'unreachable' | 'untrusted' | 'unknown';
  readonly detail: string;
  readonly requestId: string | null;
  readonly retryable: boolean;
  readonly mistakes: readonly Mistake[];
  /** What the server asked to wait before the next try. */
  readonly retryAfterMs: number | null;
}

/** Every failure of a call: the server's problem, or that it could not be reached. */
export class SagewaiError extends Error {
  readonly status: number;
  readonly code: FailureFields['code'];
  readonly detail: string;
  readonly requestId: string | null;
  readonly retryable: boolean;
  readonly mistakes: readonly Mistake[];
  readonly retryAfterMs: number | null;

  constructor(fields: FailureFields, cause?: unknown) {
    super(fields.detail, { cause });
    this.name = 'SagewaiError';
    this.status = fields.status;
    this.code = fields.code;
    this.detail = fields.detail;
    this.requestId = fields.requestId;
    this.retryable = fields.retryable;
    this.mistakes = fields.mistakes;
    this.retryAfterMs = fields.retryAfterMs;
  }
}

const RETRYABLE_STATUSES = [408, 425, 429, 500, 502, 503, 504];

interface ProblemBody {
  readonly code?: string;
  readonly detail?: string;
  readonly request_id?: string;
  readonly errors?: readonly Mistake[];
  readonly error?: { readonly message?: string };
}

/** Reads whichever error shape the surface speaks; a body of another kind is told by its status. */
export function readFailure(url: string, answer: Incoming): SagewaiError {
  const body = parse(answer.text);
  const detail = body.detail ?? body.error?.message;
  const retryable = RETRYABLE_STATUSES.includes(answer.status);
  if (detail === undefined && !retryable) return notOurs(url, answer);
  const retryAfterSeconds = Number(answer.header('retry-after') ?? Number.NaN);
  return new SagewaiError({
    status: answer.status,
    code: (body.code as ProblemCode | undefined) ?? 'unknown',
    detail: detail ?? `${originOf(url)} answered ${answer.status}`,
    requestId: body.request_id ?? answer.header('x-request-id'),
    retryable,
    mistakes: body.errors ?? [],
    retryAfterMs: Number.isFinite(retryAfterSeconds) ? retryAfterSeconds * 1000 : null,
  });
}

/** Something answered, but not in our words: a proxy, another service, a wrong port. */
export function notOurs(url: string, { status, header }: Incoming, cause?: unknown): SagewaiError {
  return new SagewaiError(
    {
      status,
      code: 'unknown',
      detail: `${originOf(url)} answered ${status}, but not as Sagewai does; is the address right?`,
      requestId: header('x-request-id'),
      retryable: false,
      mistakes: [],
      retryAfterMs: null,
    },
    cause,
  );
}

const originOf = (url: string): string => new URL(url).origin;

function parse(text: string): ProblemBody {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? body : {};
  } catch {
    return {};
  }
}

/** Describes a call that got no answer, in words that name the address and the reason. */
export function unreachable(url: string, cause: unknown): SagewaiError {
  const reason = reasonOf(cause);
  const isUntrusted = UNTRUSTED.test(reason);
  const what = isUntrusted
    ? `the certificate of ${originOf(url)} is not trusted`
    : `cannot reach ${originOf(url)}`;
  return new SagewaiError(
    {
      status: 0,
      code: isUntrusted ? 'untrusted' : 'unreachable',
      detail: `${what}${reason ? ` (${reason})` : ''}`,
      requestId: null,
      retryable: !isUntrusted,
      mistakes: [],
      retryAfterMs: null,
    },
    cause,
  );
}

/** OpenSSL's words for a certificate that does not convince, as Node passes them on. */
const UNTRUSTED = /CERT|UNABLE_TO_VERIFY|ISSUER/;

function reasonOf(thrown: unknown): string {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    const code: unknown = 'code' in error ? error.code : undefined;
    if (typeof code === 'string') return code;
    if (error.name === 'TimeoutError') return 'no answer in time';
  }
  return '';
}
