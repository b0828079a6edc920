export type ModelCallCode =
  | 'unreachable'
  | 'timeout'
  | 'rate_limited'
  | 'budget_exceeded'
  | 'refused'
  | 'unavailable'
  | 'unreadable';

/** A model was asked and did not answer, or said no. Never holds a key. */
export class ModelCallError extends Error {
  readonly code: ModelCallCode;
  /** 0: no answer arrived. */
  readonly status: number;
  readonly retryable: boolean;
  readonly requestId: string | null;
  readonly retryAfterMs: number | null;

  constructor(
    message: string,
    of: {
      readonly code: ModelCallCode;
      readonly status: number;
      readonly requestId?: string | null;
      readonly retryAfterMs?: number | null;
      readonly cause?: unknown;
    },
  ) {
    super(message, { cause: of.cause });
    this.name = 'ModelCallError';
    this.code = of.code;
    this.status = of.status;
    this.retryable = RETRYABLE.has(of.code);
    this.requestId = of.requestId ?? null;
    this.retryAfterMs = of.retryAfterMs ?? null;
  }
}

const RETRYABLE: ReadonlySet<ModelCallCode> = new Set([
  'unreachable',
  'timeout',
  'rate_limited',
  'unavailable',
]);

export function codeOfStatus(status: number, type: string): ModelCallCode {
  if (type === 'budget_exceeded' || type === 'insufficient_quota') return 'budget_exceeded';
  if (status === 429) return 'rate_limited';
  return status === 408 || status === 425 || status >= 500 ? 'unavailable' : 'refused';
}
