import type { EndpointTable } from '@sagewai/wire';
import type { Static, TSchema } from 'typebox';

import { notOurs, readFailure, SagewaiError, unreachable } from './error.ts';
import { PATHS } from './paths.ts';
import { pause } from './pause.ts';
import { retryDelayMs } from './retry.ts';
import {
  type Incoming,
  type Open,
  openByFetch,
  type Outgoing,
  type Send,
  sendByFetch,
} from './send.ts';
import { type StreamEvents, streamEvents, type StreamOptions } from './stream.ts';

type EndpointId = keyof EndpointTable;
type Part<E, Name extends 'params' | 'query' | 'body'> =
  E extends Record<Name, infer Schema> ? (Schema extends TSchema ? Static<Schema> : never) : never;

// An endpoint that does not declare a part leaves its type at the general schema, which is `unknown`.
type Given<E, Name extends 'params' | 'query' | 'body'> =
  unknown extends Part<Required<E>, Name>
    ? { readonly [N in Name]?: never }
    : Record<string, never> extends Part<Required<E>, Name>
      ? { readonly [N in Name]?: Part<Required<E>, Name> }
      : { readonly [N in Name]: Part<Required<E>, Name> };

export type CallInput<Id extends EndpointId> = Given<EndpointTable[Id], 'params'> &
  Given<EndpointTable[Id], 'query'> &
  Given<EndpointTable[Id], 'body'>;

export type CallOutput<Id extends EndpointId> = Static<EndpointTable[Id]['output']>;

/** What somebody asks a worker to do. */
export type Submission = CallInput<'runs.submitRun'>['body'];

/** Which worker is to have a run, among those that may. */
export type RoutingConstraints = NonNullable<Submission['routing']>;

export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Tries in all; 1 never repeats. */
  readonly attemptsMax?: number;
  /** Makes a repeated POST safe; also sent when the caller gives it. */
  readonly idempotencyKey?: string;
}

export interface ClientOptions {
  readonly url: string;
  /** Sent as a bearer token. A function is asked before each call, for tokens that are renewed. */
  readonly token?: string | (() => string | undefined);
  readonly organization?: string;
  readonly project?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  readonly attemptsMax?: number;
  /** By `fetch` unless given. */
  readonly send?: Send;
  /** Of streams; by `fetch` unless given. */
  readonly open?: Open;
  /** Ends every call of this client, with the signal's reason; a call's own signal is heard too. */
  readonly signal?: AbortSignal;
}

export interface SagewaiClient {
  readonly url: string;
  /** Calls one endpoint; the types of input and answer follow from its id. */
  call<Id extends EndpointId>(
    id: Id,
    input: CallInput<Id>,
    options?: CallOptions,
  ): Promise<CallOutput<Id>>;
  /**
   * What an endpoint of server-sent events says, to its `end`. A connection that breaks off is opened again, and goes
   * on after what was received.
   */
  stream<Id extends keyof StreamEvents>(
    id: Id,
    input: CallInput<Id>,
    options?: StreamOptions,
  ): AsyncIterable<StreamEvents[Id]>;
  /** Submits a run, once: a repeated try has the same idempotency key. */
  submitRun(run: Submission, options?: CallOptions): Promise<CallOutput<'runs.submitRun'>>;
}

const EVENTS = 'text/event-stream';
const TIMEOUT_MS = 30_000;
const ATTEMPTS_MAX = 3;
/** Of a call that found a server restarting. */
const DRAINING_ATTEMPTS_MAX = 10;
/** A server that asks for more is not waited for: the caller should know. */
const RETRY_AFTER_MS_MAX = 60_000;

/**
 * A client of one server. Failures are `SagewaiError`s. Calls that change nothing, and those with an
 * idempotency key, are repeated with growing, jittered delays while the failure is retryable.
 */
export function createClient(options: ClientOptions): SagewaiClient {
  const base = options.url.replace(/\/+$/, '');
  const send = options.send ?? sendByFetch;

  const client: SagewaiClient = {
    url: base,
    submitRun: (run, given = {}) => {
      const idempotencyKey = given.idempotencyKey ?? run.idempotency_key ?? crypto.randomUUID();
      return client.call('runs.submitRun', { body: run }, { ...given, idempotencyKey });
    },
    stream: (id, input, given = {}) => {
      // Anew for each connection: a token may have been renewed since the last.
      const request = (): ReturnType<typeof buildRequest> =>
        buildRequest(base, id, input, { ...headersOf(options, given), accept: EVENTS });
      const stop = eitherOf(given.signal, options.signal);
      const heard = streamEvents(options.open ?? openByFetch, request, {
        ...given,
        ...(stop ? { signal: stop } : {}),
      });
      return heard as AsyncIterable<StreamEvents[typeof id]>;
    },
    call: async (id, input, given = {}) => {
      const request = buildRequest(base, id, input, headersOf(options, given));
      const attemptsMax = attemptsMaxOf(request, options, given);
      const timeoutMs = given.timeoutMs ?? options.timeoutMs ?? TIMEOUT_MS;
      const stop = eitherOf(given.signal, options.signal);
      for (let attempt = 1; ; attempt += 1) {
        try {
          return (await sendOnce(send, request, timeoutMs, stop)) as CallOutput<typeof id>;
        } catch (thrown) {
          const attempts = wasNotBegun(thrown)
            ? Math.max(attemptsMax, DRAINING_ATTEMPTS_MAX)
            : attemptsMax;
          if (attempt >= attempts || !mayRepeat(thrown)) throw thrown;
          await pause(retryDelayMs(attempt, thrown.retryAfterMs, Math.random()), stop);
        }
      }
    },
  };
  return client;
}

function headersOf(
  options: ClientOptions,
  given: Pick<CallOptions, 'headers' | 'idempotencyKey'>,
): Record<string, string> {
  const token = typeof options.token === 'function' ? options.token() : options.token;
  const headers: Record<string, string> = {};
  const fields = {
    ...options.headers,
    ...given.headers,
    authorization: token && `Bearer ${token.trim()}`,
    'x-organization': options.organization,
    'x-project-id': options.project,
    'idempotency-key': given.idempotencyKey,
  };
  for (const [name, value] of Object.entries(fields)) {
    if (!value) continue;
    // What a transport throws would repeat the value, which may be a secret.
    if (!/^[\t\u0020-\u007e\u00a0-\u00ff]*$/.test(value)) {
      throw new TypeError(`the header ${name} cannot hold this value; names have an id as well`);
    }
    headers[name.toLowerCase()] = value;
  }
  return headers;
}

/** Whoever names a number of tries for one call says that it may be repeated. */
function attemptsMaxOf(request: BuiltRequest, options: ClientOptions, given: CallOptions): number {
  if (given.attemptsMax !== undefined) return given.attemptsMax;
  const repeatable = request.method === 'GET' || given.idempotencyKey !== undefined;
  return repeatable ? (options.attemptsMax ?? ATTEMPTS_MAX) : 1;
}

/** A server that restarts refuses before it looks: whatever was asked, another try is as good as the first. */
const wasNotBegun = (thrown: unknown): boolean =>
  thrown instanceof SagewaiError && thrown.code === 'service.draining';

/** A limit that names no time to come back at will never let this through. */
const ofALimit = ({ code }: SagewaiError): boolean =>
  code === 'budget.exceeded' || code === 'rate.exceeded';

const mayRepeat = (thrown: unknown): thrown is SagewaiError =>
  thrown instanceof SagewaiError &&
  thrown.retryable &&
  (thrown.retryAfterMs ?? (ofALimit(thrown) ? Infinity : 0)) <= RETRY_AFTER_MS_MAX;

const eitherOf = (one?: AbortSignal, other?: AbortSignal): AbortSignal | undefined =>
  one && other ? AbortSignal.any([one, other]) : (one ?? other);

type BuiltRequest = Omit<Outgoing, 'signal'>;

function buildRequest(
  base: string,
  id: EndpointId,
  input: { params?: unknown; query?: unknown; body?: unknown },
  given: Readonly<Record<string, string>>,
): BuiltRequest {
  const [method, template] = PATHS[id];
  const params = (input.params ?? {}) as Record<string, string | number>;
  const path = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = String(params[name] ?? '');
    // An empty part would make the path of another endpoint.
    if (value === '') throw new TypeError(`${id}: ${name} is empty`);
    return encodeURIComponent(value);
  });
  const url = new URL(base + path);
  for (const [name, value] of Object.entries((input.query ?? {}) as Record<string, unknown>)) {
    if (value !== undefined) url.searchParams.set(name, String(value as string | number | boolean));
  }
  const body = input.body === undefined ? null : JSON.stringify(input.body);
  const headers = {
    accept: 'application/json',
    ...given,
    ...(body === null ? {} : { 'content-type': 'application/json' }),
  };
  return { url: url.toString(), method, headers, body };
}

async function sendOnce(
  send: Send,
  request: BuiltRequest,
  timeoutMs: number,
  stop?: AbortSignal,
): Promise<unknown> {
  const late = AbortSignal.timeout(timeoutMs);
  let answer: Incoming;
  try {
    answer = await send({ ...request, signal: stop ? AbortSignal.any([late, stop]) : late });
  } catch (cause) {
    if (stop?.aborted) throw stop.reason;
    throw unreachable(request.url, late.aborted ? late.reason : cause);
  }
  if (answer.status < 200 || answer.status > 299) throw readFailure(request.url, answer);
  if (answer.status === 204) return null;
  try {
    return JSON.parse(answer.text) as unknown;
  } catch (cause) {
    throw notOurs(request.url, answer, cause);
  }
}
