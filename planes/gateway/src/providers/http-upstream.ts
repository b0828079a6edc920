import type { IncomingHttpHeaders } from 'node:http';

import type { Dispatcher } from 'undici';

import type { Endpoint } from '../models/deployment.ts';
import type { Upstream, UpstreamCall, UpstreamFailure, UpstreamListener } from './upstream.ts';

/** Connections to the one origin of an endpoint (M6); time-outs and the guard are theirs. */
export type Connections = Pick<Dispatcher, 'dispatch'>;

/**
 * Calls an endpoint over HTTP. Its headers are made here, once, so that nothing of a request can
 * reach them; the credential is bound to the origin that the connections lead to (M6).
 */
export function createHttpUpstream(endpoint: Endpoint, connections: Connections): Upstream {
  const { pathname, search } = new URL(endpoint.baseUrl);
  const path = `${pathname.replace(/\/$/, '')}/chat/completions${search}`;
  const common = {
    'content-type': 'application/json',
    // Usage is read from the bytes as they pass.
    'accept-encoding': 'identity',
    'user-agent': 'sagewai',
    ...(endpoint.credential ? { authorization: `Bearer ${endpoint.credential.reveal()}` } : {}),
  };
  const jsonHeaders = { ...common, accept: 'application/json' };
  const streamHeaders = { ...common, accept: 'text/event-stream' };
  return {
    send({ body, wantsStream }, listener) {
      const headers = wantsStream ? streamHeaders : jsonHeaders;
      const exchange = new UpstreamExchange(listener);
      connections.dispatch({ method: 'POST', path, headers, body }, exchange);
      return exchange;
    },
  };
}

type Controller = Dispatcher.DispatchController;

/** Translates between undici's words and ours. */
class UpstreamExchange implements Dispatcher.DispatchHandler, UpstreamCall {
  readonly #listener: UpstreamListener;
  /** Undefined until there is a connection: until then nothing was sent. */
  #controller: Controller | undefined;
  #isAborted = false;

  constructor(listener: UpstreamListener) {
    this.#listener = listener;
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller;
    if (this.#isAborted) controller.abort(new Error('given up'));
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

  pause(): void {
    this.#controller?.pause();
  }

  resume(): void {
    this.#controller?.resume();
  }

  abort(): void {
    this.#isAborted = true;
    this.#controller?.abort(new Error('given up'));
  }

  #nameFailure(cause: Error): UpstreamFailure['kind'] {
    const { code } = cause as NodeJS.ErrnoException;
    if (this.#isAborted) return 'aborted';
    if (this.#controller === undefined) return 'unreachable';
    return code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT' ? 'late' : 'lost';
  }
}
