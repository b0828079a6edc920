import type { Kind } from '../scripted-answer.ts';

/** What the generator is asked to do once. */
export interface Load {
  /** Connections are spread over them. */
  readonly ports: readonly number[];
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly kind: Kind;
  readonly connections: number;
  readonly seconds: number;
  /** Requests a second of all connections together; null: each asks again as soon as it is answered. */
  readonly perSecond: number | null;
}

/** What came of it. Whole answers and mistakes are counted apart. */
export interface Outcome {
  readonly answers: number;
  readonly mistakes: number;
  /** One of the mistakes, in words. */
  readonly mistake: string | null;
  /** From the first request to the last answer. */
  readonly elapsedMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}
