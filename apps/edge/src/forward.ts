/**
 * The way to a gateway in another process. The hot path of the edge: one dispatch, one head, pieces as they come.
 *
 * U1. Nothing of an answer is kept: a piece is written when it comes, and a slow client slows the gateway down.
 * U2. When the client leaves, the gateway is told, so that it settles what the call has cost.
 * U3. An answer that breaks off in its middle breaks off at the client too: it never looks complete.
 * U4. Before its head the client gets an error of the surface that it called, and whether to come again.
 */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { PassThrough, type Readable } from 'node:stream';

import type { Dispatcher } from 'undici';

import { headersToClient, headersToUpstream } from './passed-headers.ts';
import { type Refusal, refuse } from './refuse.ts';
import type { Passage } from './target.ts';

type Controller = Dispatcher.DispatchController;

/** So much is read whole before it is sent on: one write instead of a stream. */
const BODY_AT_ONCE_BYTES_MAX = 64 * 1024;

export interface Way {
  readonly connections: Pick<Dispatcher, 'dispatch'>;
  /** Of the upstream's URL, without a `/` at its end: '' mostly. */
  readonly basePath: string;
  /** A connection could not be had: whoever watches the gateway looks at once. */
  readonly onUnreachable: () => void;
}

export function forward(
  way: Way,
  request: IncomingMessage,
  response: ServerResponse,
  passage: Passage,
): void {
  const exchange = new Exchange(way, response, passage);
  const send = (body: Buffer | Readable | null): void => {
    if (exchange.isAbandoned) return;
    const path = `${way.basePath}${passage.url}`;
    const method = (request.method ?? 'GET') as Dispatcher.HttpMethod;
    try {
      way.connections.dispatch(
        { method, path, headers: headersToUpstream(request, passage), body },
        exchange,
      );
    } catch (error) {
      exchange.onResponseError(null, error as Error);
    }
  };
  const length = request.headers['content-length'];
  if (length === undefined && request.headers['transfer-encoding'] === undefined) send(null);
  else if (Number(length) <= BODY_AT_ONCE_BYTES_MAX) readWhole(request, send);
  // Not the request itself: ending it would end the client's connection before it has its answer.
  else send(request.pipe(new PassThrough()));
}

function readWhole(request: IncomingMessage, done: (body: Buffer) => void): void {
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  request.on('end', () =>
    done(pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces)),
  );
}

/** Translates between undici's words and Node's. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #way: Way;
  readonly #response: ServerResponse;
  readonly #passage: Passage;
  #controller: Controller | undefined;
  isAbandoned = false;

  constructor(way: Way, response: ServerResponse, passage: Passage) {
    this.#way = way;
    this.#response = response;
    this.#passage = passage;
    response.once('close', () => {
      if (response.writableEnded) return;
      this.isAbandoned = true;
      this.#controller?.abort(new Error('the client left')); // U2
    });
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller;
    if (this.isAbandoned) controller.abort(new Error('the client left'));
  }

  onResponseStart(_: Controller, status: number, headers: IncomingHttpHeaders): void {
    // An interim answer (103 and its like) says nothing yet.
    if (status < 200) return;
    this.#response.writeHead(status, headersToClient(headers, this.#passage, this.#way.basePath));
  }

  onResponseData(controller: Controller, piece: Buffer): void {
    if (this.#response.write(piece)) return;
    controller.pause(); // U1
    this.#response.once('drain', () => controller.resume());
  }

  onResponseEnd(): void {
    this.#response.end();
  }

  onResponseError(_: Controller | null, error: Error): void {
    if (this.isAbandoned) return;
    if (this.#response.headersSent) {
      this.#response.destroy(); // U3
      return;
    }
    const why = this.#nameFailure(error);
    if (why === 'unreachable') this.#way.onUnreachable();
    refuse(this.#response, why, this.#passage); // U4
  }

  #nameFailure({ code }: NodeJS.ErrnoException): Refusal {
    if (this.#controller === undefined) return 'unreachable';
    return code === 'UND_ERR_HEADERS_TIMEOUT' ? 'late' : 'lost';
  }
}
