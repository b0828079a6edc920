import { connect } from 'node:net';

import { createMessageReader, type Message } from '../../common/read-messages.ts';

const ANSWER_MS_MAX = 10_000;

export interface Connection {
  /** Sends the request and waits for its answer; rejects when the connection ends or stalls. */
  exchange(): Promise<Message>;
  close(): void;
}

/** One keep-alive connection that repeats one request, one at a time. */
export function openConnection(port: number, request: Buffer): Connection {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let waiting: PromiseWithResolvers<Message> | null = null;
  const read = createMessageReader((answer) => {
    waiting?.resolve(answer);
    waiting = null;
  });
  socket.on('data', (segment: Buffer) => {
    try {
      read(segment);
    } catch (cause) {
      socket.destroy(cause as Error);
    }
  });
  socket.setTimeout(ANSWER_MS_MAX, () => socket.destroy(new Error('no answer in time')));
  socket.on('error', (cause) => waiting?.reject(cause));
  socket.on('close', () => waiting?.reject(new Error('the connection was closed')));
  return {
    exchange: () => {
      waiting = Promise.withResolvers<Message>();
      if (socket.destroyed) waiting.reject(new Error('the connection was closed'));
      else socket.write(request);
      return waiting.promise;
    },
    close: () => socket.destroy(),
  };
}
