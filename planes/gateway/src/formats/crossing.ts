import type { JsonObject } from '@sagewai/translate';

import type { Deployment } from '../models/deployment.ts';
import type { FormatName } from './format.ts';

/** How a client of one format is served by a provider of another: pure, and only where they differ (M5). */
export interface Crossing {
  readonly client: FormatName;
  readonly upstream: FormatName;
  /** Begins one call. Throws `Untranslatable`. */
  readonly open: (request: JsonObject, options: CrossingOptions) => CrossedCall;
}

export interface CrossingOptions {
  readonly deployment: Deployment;
  /** For a request without a limit of its own, where the provider's format demands one. */
  readonly maxTokensDefault: number;
  /** What less than the model would write was granted; undefined: it may write all it can (M1). */
  readonly outputCap: number | undefined;
  readonly now: () => Date;
  /** Seconds since 1970. */
  readonly createdAt: number;
  /** Until usage arrives. */
  readonly inputTokensEstimate: number;
}

export interface CrossedCall {
  /** The request, in the provider's format. */
  readonly body: JsonObject;
  /** What of the client's request that format cannot say, and is left out. */
  readonly lost: readonly string[];
  readonly answer: (answer: JsonObject) => JsonObject;
  readonly error: (body: JsonObject, status: number) => JsonObject;
  readonly stream: () => CrossedStream;
}

/** From the provider's events to the client's, as they are before they are framed. */
export interface CrossedStream {
  push(event: JsonObject): readonly JsonObject[];
  /** After the last one. */
  end(): readonly JsonObject[];
}

/** Two crossings, one behind the other: chat stands between formats that do not know each other. */
export function compose(near: Crossing, far: Crossing): Crossing {
  return {
    client: near.client,
    upstream: far.upstream,
    open: (request, options) => {
      const nearer = near.open(request, options);
      const farther = far.open(nearer.body, options);
      return {
        body: farther.body,
        lost: [...nearer.lost, ...farther.lost],
        answer: (answer) => nearer.answer(farther.answer(answer)),
        error: (body, status) => nearer.error(farther.error(body, status), status),
        stream: () => join(farther.stream(), nearer.stream()),
      };
    },
  };
}

function join(first: CrossedStream, second: CrossedStream): CrossedStream {
  const through = (events: readonly JsonObject[]): JsonObject[] =>
    events.flatMap((event) => second.push(event));
  return {
    push: (event) => through(first.push(event)),
    end: () => [...through(first.end()), ...second.end()],
  };
}
