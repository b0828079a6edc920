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
  /** It was sent and not answered whole, in this try or in one before it: the provider may have worked for it. */
  readonly mayBeCharged: boolean;

  constructor(
    message: string,
    of: {
      readonly code: ModelCallCode;
      readonly status: number;
      readonly requestId?: string | null;
      readonly retryAfterMs?: number | null;
      readonly mayBeCharged?: boolean;
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
    this.mayBeCharged = of.mayBeCharged ?? (of.status < 400 || LOST_ANSWERS.has(of.status));
  }
}

const RETRYABLE: ReadonlySet<ModelCallCode> = new Set([
  'unreachable',
  'timeout',
  'rate_limited',
  'unavailable',
]);

/** Said by whoever stands before the provider: it has passed the call on, and had no answer. */
const LOST_ANSWERS: ReadonlySet<number> = new Set([502, 504, 520, 524]);

export function codeOfStatus(status: number, type: string): ModelCallCode {
  if (type === 'budget_exceeded' || type === 'insufficient_quota') return 'budget_exceeded';
  if (status === 429) return 'rate_limited';
  return status === 408 || status === 425 || status >= 500 ? 'unavailable' : 'refused';
}
