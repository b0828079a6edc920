import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

import type { Stage } from './stage.ts';

export interface WireTap {
  /** Stands for the server's address. */
  readonly url: string;
  /** Everything that went over it so far, both ways. */
  text(): string;
}

/** Stands between a client and a server, and keeps every byte that passes. */
export async function tapWire(stage: Stage, serverPort: number): Promise<WireTap> {
  const streams: Buffer[][] = [];
  const sockets = new Set<Socket>();
  const tap = createServer((client) => {
    const server = connect(serverPort, '127.0.0.1');
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      const chunks: Buffer[] = [];
      streams.push(chunks);
      sockets.add(from);
      from.on('data', (chunk: Buffer) => chunks.push(chunk));
      from.on('error', () => to.destroy());
      from.on('close', () => sockets.delete(from));
      from.pipe(to);
    }
  });
  tap.listen(0, '127.0.0.1');
  await once(tap, 'listening');
  stage.defer('the tap', async () => {
    for (const socket of sockets) socket.destroy();
    tap.close();
    await once(tap, 'close');
  });
  return {
    url: `http://127.0.0.1:${(tap.address() as AddressInfo).port}`,
    text: () => streams.map((chunks) => Buffer.concat(chunks).toString('latin1')).join('\n'),
  };
}
