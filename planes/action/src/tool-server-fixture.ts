import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export type Behaviour = (received: Received, response: ServerResponse) => void;

/** A tool of somebody else's: it says what came, and answers as a test wants it to. */
export class ToolServer {
  readonly received: Received[] = [];
  behaviour: Behaviour = ({ body }, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ done: body === '' ? null : (JSON.parse(body) as unknown) }));
  };
  readonly #server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const received = { method, url, headers, body: Buffer.concat(pieces).toString() };
      this.received.push(received);
      this.behaviour(received, response);
    });
  });

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve);
    });
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }
}

/** What has come of it: a promise that a test keeps until it wants the answer to be given. */
export function held(): {
  readonly arrived: Promise<void>;
  readonly release: () => void;
  readonly behaviour: Behaviour;
} {
  const arrived = Promise.withResolvers<void>();
  const open = Promise.withResolvers<void>();
  return {
    arrived: arrived.promise,
    release: open.resolve,
    behaviour: (_, response) => {
      arrived.resolve();
      void open.promise.then(() => {
        response.setHeader('content-type', 'application/json');
        response.end('{"held":true}');
      });
    },
  };
}
