import type { EndpointTable } from '@sagewai/wire';
import type { Static, TSchema } from 'typebox';

import { readFailure, SagewaiError, unreachable } from './error.ts';
import { PATHS } from './paths.ts';
import { retryDelayMs } from './retry.ts';

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
  readonly fetch?: typeof fetch;
}

export interface SagewaiClient {
  readonly url: string;
  /** Calls one endpoint; the types of input and answer follow from its id. */
  call<Id extends EndpointId>(
    id: Id,
    input: CallInput<Id>,
    options?: CallOptions,
  ): Promise<CallOutput<Id>>;
}

const TIMEOUT_MS = 30_000;
const ATTEMPTS_MAX = 3;

/**
 * A client of one server. Failures are `SagewaiError`s. Calls that change nothing, and those with an
 * idempotency key, are repeated with growing, jittered delays while the failure is retryable.
 */
export function createClient(options: ClientOptions): SagewaiClient {
  const base = options.url.replace(/\/+$/, '');
  const send = options.fetch ?? fetch;

  return {
    url: base,
    call: async (id, input, callOptions = {}) => {
      const request = buildRequest(base, id, input, { ...options.headers, ...callOptions.headers });
      const token = typeof options.token === 'function' ? options.token() : options.token;
      if (token) request.headers.set('authorization', `Bearer ${token}`);
      if (options.organization) request.headers.set('x-organization', options.organization);
      if (options.project) request.headers.set('x-project-id', options.project);
      if (callOptions.idempotencyKey) {
        request.headers.set('idempotency-key', callOptions.idempotencyKey);
      }
      const repeatable = request.method === 'GET' || callOptions.idempotencyKey !== undefined;
      const attemptsMax = repeatable
        ? (callOptions.attemptsMax ?? options.attemptsMax ?? ATTEMPTS_MAX)
        : (callOptions.attemptsMax ?? 1);
      const timeoutMs = callOptions.timeoutMs ?? options.timeoutMs ?? TIMEOUT_MS;

      for (let attempt = 1; ; attempt += 1) {
        try {
          return (await sendOnce(send, request, timeoutMs, callOptions.signal)) as CallOutput<
            typeof id
          >;
        } catch (thrown) {
          const failure = thrown instanceof SagewaiError ? thrown : null;
          if (!failure?.retryable || attempt >= attemptsMax) throw thrown;
          await pause(
            retryDelayMs(attempt, failure.retryAfterMs, Math.random()),
            callOptions.signal,
          );
        }
      }
    },
  };
}

interface BuiltRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: string | null;
}

function buildRequest(
  base: string,
  id: EndpointId,
  input: { params?: unknown; query?: unknown; body?: unknown },
  extra: Readonly<Record<string, string>>,
): BuiltRequest {
  const [method, template] = PATHS[id];
  const params = (input.params ?? {}) as Record<string, string>;
  const path = template.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(params[name] ?? ''),
  );
  const url = new URL(base + path);
  for (const [name, value] of Object.entries((input.query ?? {}) as Record<string, unknown>)) {
    if (value !== undefined) url.searchParams.set(name, String(value as string | number | boolean));
  }
  const headers = new Headers(extra);
  headers.set('accept', 'application/json');
  if (input.body !== undefined) headers.set('content-type', 'application/json');
  const body = input.body === undefined ? null : JSON.stringify(input.body);
  return { url: url.toString(), method, headers, body };
}

async function sendOnce(
  send: typeof fetch,
  { url, method, headers, body }: BuiltRequest,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<unknown> {
  const limits = [AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])];
  let response: Response;
  try {
    response = await send(url, { method, headers, body, signal: AbortSignal.any(limits) });
  } catch (cause) {
    if (signal?.aborted) throw signal.reason;
    throw unreachable(url, cause);
  }
  if (!response.ok) throw await readFailure(response);
  if (response.status === 204) return null;
  try {
    return await response.json();
  } catch (cause) {
    if (signal?.aborted) throw signal.reason;
    throw unreachable(url, cause);
  }
}

async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      signal?.removeEventListener('abort', abort);
      resolve();
    }
    function abort(): void {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    }
    if (signal?.aborted) abort();
    else signal?.addEventListener('abort', abort, { once: true });
  });
}
