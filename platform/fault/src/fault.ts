import { type Mistake, type ProblemCode, PROBLEMS } from '@sagewai/wire';

export interface FaultOptions {
  /** The only text a caller ever sees. Defaults to the problem's title. */
  readonly detail?: string;
  readonly cause?: unknown;
  readonly mistakes?: readonly Mistake[];
  /** Sent as `Retry-After`, rounded up to seconds. */
  readonly retryAfterMs?: number;
}

/**
 * A failure that ends the current operation.
 *
 * `message` is for operators and may name internals. The cause chain is logged, so a message never
 * repeats its cause.
 */
export class Fault extends Error {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly mistakes: readonly Mistake[];
  readonly retryAfterMs: number | undefined;

  constructor(code: ProblemCode, message: string, options: FaultOptions = {}) {
    super(message, { cause: options.cause });
    this.name = 'Fault';
    this.code = code;
    this.detail = options.detail ?? PROBLEMS[code].title;
    this.mistakes = options.mistakes ?? [];
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** Anything thrown that is not a Fault is a bug of ours. */
export function asFault(thrown: unknown): Fault {
  return thrown instanceof Fault
    ? thrown
    : new Fault('service.broken', 'unexpected error', { cause: thrown });
}
