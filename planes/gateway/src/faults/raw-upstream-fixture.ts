import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** A provider on a bare socket, which says whatever bytes the test wants, HTTP or not. */
export interface RawUpstream {
  readonly url: string;
  /** Requests that arrived whole, as far as their length says. */
  asked: number;
  /** Does with a connection what the test says, once a request has arrived on it. */
  answer: (socket: Socket) => void;
  close(): Promise<void>;
}

export async function startRawUpstream(): Promise<RawUpstream> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => open.delete(socket));
    let text = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
      const end = text.indexOf('\r\n\r\n');
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
      if (end < 0 || text.length < end + 4 + length) return;
      text = '';
      upstream.asked += 1;
      upstream.answer(socket);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const upstream: RawUpstream = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked: 0,
    answer: (socket) => socket.destroy(),
    close: async () => {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  return upstream;
}
