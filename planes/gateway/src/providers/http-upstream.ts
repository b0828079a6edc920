import type { IncomingHttpHeaders } from 'node:http';

import type { Dispatcher } from 'undici';

import type { Format } from '../formats/format.ts';
import type { Endpoint } from '../models/deployment.ts';
import type { Authorize, Unsigned } from './authorization.ts';
import { traitsOf } from './provider.ts';
import { FrameReader } from './read-frames.ts';
import type { Upstream, UpstreamCall, UpstreamFailure, UpstreamListener } from './upstream.ts';

/** Connections to the one origin of an endpoint (M6); time-outs and the guard are theirs. */
export type Connections = Pick<Dispatcher, 'dispatch'>;

/**
 * Calls an endpoint over HTTP. Its headers are made here, once for each format; nothing of a request can
 * reach the credential, which is bound to the origin that the connections lead to (M6).
 */
export function createHttpUpstream(
  endpoint: Endpoint,
  connections: Connections,
  authorize?: Authorize,
): Upstream {
  const wires = new Map<Format, Wire>();
  return {
    send({ format, model, body, wantsStream, headers: passed, query, at }, listener) {
      let wire = wires.get(format);
      if (wire === undefined) wires.set(format, (wire = wireOf(endpoint, format)));
      const own = wantsStream ? wire.streamHeaders : wire.jsonHeaders;
      const headers = passed === null ? own : { ...own, ...passed };
      const frames = format.isFramed === true && wantsStream ? new FrameReader(listener) : null;
      const exchange = new UpstreamExchange(frames ?? listener);
      if (frames !== null) frames.call = exchange;
      const place =
        at === undefined ? (wire.locate?.(model, wantsStream) ?? wire.path) : wire.pathOf(at.below);
      const path = query === '' ? place : withQuery(place, query);
      const request: Unsigned = { method: at?.method ?? 'POST', path, headers, body };
      if (authorize === undefined) connections.dispatch(request, exchange);
      else void dispatchAuthorized(request, exchange, { connections, authorize });
      return exchange;
    },
  };
}

/** A request that could not be authorized was not sent. */
async function dispatchAuthorized(
  request: Unsigned,
  exchange: UpstreamExchange,
  of: { readonly connections: Connections; readonly authorize: Authorize },
): Promise<void> {
  try {
    const more = await of.authorize(request);
    if (exchange.isAborted) throw new Error('given up');
    of.connections.dispatch({ ...request, headers: { ...request.headers, ...more } }, exchange);
  } catch (cause) {
    exchange.fail(cause);
  }
}

type Headers = Readonly<Record<string, string>>;

interface Wire {
  readonly path: string;
  /** Of something below it. */
  readonly pathOf: (below: string) => string;
  /** Of formats that tell the model or the stream there. */
  readonly locate: ((model: string, wantsStream: boolean) => string) | undefined;
  readonly jsonHeaders: Headers;
  readonly streamHeaders: Headers;
}

function wireOf(endpoint: Endpoint, format: Format): Wire {
  const { baseUrl, provider, authorization } = endpoint;
  const { pathname, search } = new URL(baseUrl);
  const base = traitsOf(provider).pathOf(pathname.replace(/\/$/, ''), format.name);
  const { locate } = format;
  // What signs is not sent.
  const key = authorization === undefined ? endpoint.credential?.reveal() : undefined;
  const own = {
    'content-type': 'application/json',
    // Usage is read from the bytes as they pass.
    'accept-encoding': 'identity',
    'user-agent': 'sagewai',
    ...format.headers,
    ...(key === undefined ? {} : traitsOf(provider).credentialHeader(key)),
  };
  return {
    path: `${base}${format.path}${search}`,
    pathOf: (below) => `${base}${format.path}${below}${search}`,
    locate:
      locate && ((model, wantsStream) => withQuery(base + locate(model, wantsStream), search)),
    jsonHeaders: { ...own, accept: 'application/json' },
    streamHeaders: { ...own, accept: 'text/event-stream' },
  };
}

/** A base URL may have a query of its own. */
const withQuery = (path: string, query: string): string =>
  query !== '' && path.includes('?') ? `${path}&${query.slice(1)}` : path + query;

type Controller = Dispatcher.DispatchController;

/** Translates between undici's words and ours. */
class UpstreamExchange implements Dispatcher.DispatchHandler, UpstreamCall {
  readonly #listener: UpstreamListener;
  /** Undefined until there is a connection: until then nothing was sent. */
  #controller: Controller | undefined;
  isAborted = false;

  constructor(listener: UpstreamListener) {
    this.#listener = listener;
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller;
    if (this.isAborted) controller.abort(new Error('given up'));
  }

  onResponseStart(_: Controller, status: number, headers: IncomingHttpHeaders): void {
    // An interim answer (103 and its like) says nothing yet.
    if (status >= 200) this.#listener.onHead(status, headers);
  }

  onResponseData(_: Controller, chunk: Buffer): void {
    this.#listener.onData(chunk);
  }

  onResponseEnd(): void {
    this.#listener.onEnd();
  }

  onResponseError(_: Controller, cause: Error): void {
    this.#listener.onFailure({ kind: this.#nameFailure(cause), cause });
  }

  /** Before anything was sent. */
  fail(cause: unknown): void {
    this.#listener.onFailure({ kind: this.isAborted ? 'aborted' : 'unreachable', cause });
  }

  pause(): void {
    this.#controller?.pause();
  }

  resume(): void {
    this.#controller?.resume();
  }

  abort(): void {
    this.isAborted = true;
    this.#controller?.abort(new Error('given up'));
  }

  #nameFailure(cause: Error): UpstreamFailure['kind'] {
    const { code } = cause as NodeJS.ErrnoException;
    if (this.isAborted) return 'aborted';
    if (this.#controller === undefined) return 'unreachable';
    return code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT' ? 'late' : 'lost';
  }
}
