import { connect } from 'node:net';

import { createAnswerReader } from './answer-reader.ts';

const ANSWER_MS_MAX = 10_000;
/** More than any answer has. */
const READ_BYTES = 64 * 1024;

export interface Connection {
  /** Sends the request and waits for its answer, with its head; rejects when the connection ends or stalls. */
  exchange(): Promise<Buffer>;
  close(): void;
}

/** One keep-alive connection that repeats one request, one at a time. */
export function openConnection(port: number, request: Buffer): Connection {
  let waiting: PromiseWithResolvers<Buffer> | null = null;
  const answer = createAnswerReader();
  // Read into one buffer: one of its own for each read costs more than everything else that is done with it.
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  const socket = connect({
    port,
    host: '127.0.0.1',
    noDelay: true,
    onread: {
      buffer,
      callback: (length) => {
        try {
          const whole = answer.take(buffer, length);
          if (whole !== null) waiting?.resolve(whole);
        } catch (cause) {
          socket.destroy(cause as Error);
        }
        return true;
      },
    },
  });
  socket.setTimeout(ANSWER_MS_MAX, () => socket.destroy(new Error('no answer in time')));
  socket.on('error', (cause) => waiting?.reject(cause));
  socket.on('close', () => waiting?.reject(new Error('the connection was closed')));
  return {
    exchange: () => {
      waiting = Promise.withResolvers<Buffer>();
      if (socket.destroyed) waiting.reject(new Error('the connection was closed'));
      else socket.write(request);
      return waiting.promise;
    },
    close: () => socket.destroy(),
  };
}
