/**
 * An OpenAI-like upstream that answers at once from bytes made at start. It speaks HTTP by itself,
 * because on two cores whatever it spends is missing to the gateway under test.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

import { createMessageReader } from '../../common/read-messages.ts';
import { JSON_ANSWER, MODEL, SLOW_PIECE_MS, SLOWLY, SSE_EVENTS } from '../scripted-answer.ts';

const jsonAnswer = whole('application/json', JSON_ANSWER);
const models = whole(
  'application/json',
  JSON.stringify({ object: 'list', data: [{ id: MODEL, object: 'model' }] }),
);
const streamHead =
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\n' +
  'transfer-encoding: chunked\r\n\r\n';
/**
 * Every event is a chunk and a write of its own, as a provider flushes its tokens; the head goes with the
 * first, and the end of the chunks with the last, as servers send them.
 */
const streamParts = SSE_EVENTS.map((part, index) => {
  const chunk = `${Buffer.byteLength(part).toString(16)}\r\n${part}\r\n`;
  const head = index === 0 ? streamHead : '';
  const end = index === SSE_EVENTS.length - 1 ? '0\r\n\r\n' : '';
  return Buffer.from(head + chunk + end);
});

const server = createServer({ noDelay: true }, (socket) => {
  const read = createMessageReader(({ startLine, body }) => {
    if (startLine.startsWith('GET ')) socket.write(models);
    else if (body.includes('"stream":true')) stream(socket, body.includes(SLOWLY));
    else socket.write(jsonAnswer);
  });
  socket.on('data', read);
  socket.on('error', () => socket.destroy());
});

/** A turn of the loop to a write, so that the streams of all connections interleave. */
function stream(socket: Socket, isSlow: boolean): void {
  let next = 0;
  const writeNext = (): void => {
    const part = streamParts[next];
    if (part === undefined || socket.destroyed) return;
    next += 1;
    socket.write(part);
    if (next === streamParts.length) return;
    if (isSlow) setTimeout(writeNext, SLOW_PIECE_MS);
    else setImmediate(writeNext);
  };
  writeNext();
}

function whole(type: string, body: string): Buffer {
  const length = Buffer.byteLength(body);
  return Buffer.from(
    `HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\ncontent-length: ${length}\r\n\r\n${body}`,
  );
}

server.listen(0, '127.0.0.1', 1024);
await once(server, 'listening');
process.send?.({ port: (server.address() as AddressInfo).port });
process.once('disconnect', () => process.exit());
process.once('SIGTERM', () => process.exit());
