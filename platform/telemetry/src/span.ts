import type { TraceContext } from './trace-context.ts';

export type SpanValue = string | number | boolean | readonly string[];

/** A part of a trace that is over. */
export interface Span {
  readonly context: TraceContext;
  readonly name: string;
  readonly kind: 'internal' | 'server' | 'client';
  /** Since the epoch. */
  readonly startMs: number;
  readonly endMs: number;
  /** What is undefined is left out. */
  readonly attributes: Readonly<Record<string, SpanValue | undefined>>;
  /** Null: it went well. */
  readonly failure: string | null;
}

/** Who a span is of. */
export interface SpanSource {
  readonly service: string;
  readonly version: string;
  readonly instance: string;
}
