import { randomBytes } from 'node:crypto';

/** Where something stands in a trace, as the W3C has it. */
export interface TraceContext {
  readonly traceId: string;
  /** Of the part that is done here. */
  readonly spanId: string;
  /** Of whoever asked for it; null: the trace begins here. */
  readonly parentSpanId: string | null;
  /** Whether anybody keeps the trace. */
  readonly isSampled: boolean;
}

// Of later versions the same fields are read; `ff` is none.
const HEADER = /^(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const NOTHING = /^0+$/;

/**
 * A part of the trace that a `traceparent` names. Without a sane one: the beginning of a trace where
 * `begins`, else null.
 */
export function continueTrace(
  header: string | readonly string[] | undefined,
  begins: boolean,
): TraceContext | null {
  const found = typeof header === 'string' ? HEADER.exec(header) : null;
  const [, version = '', traceId = '', parentSpanId = '', flags = '', rest = ''] = found ?? [];
  const isSane =
    found !== null &&
    !NOTHING.test(traceId) &&
    !NOTHING.test(parentSpanId) &&
    (version !== '00' || rest === '');
  if (!isSane && !begins) return null;
  const spanId = randomBytes(8).toString('hex');
  if (isSane) {
    return { traceId, spanId, parentSpanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
  }
  return { traceId: randomBytes(16).toString('hex'), spanId, parentSpanId: null, isSampled: true };
}

/** For whoever is asked next. */
export const traceparentOf = ({ traceId, spanId, isSampled }: TraceContext): string =>
  `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;
