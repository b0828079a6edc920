import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

import type { Stage } from './stage.ts';

export interface WireTap {
  /** Stands for the server's address. */
  readonly url: string;
  /** Everything that went over it so far, both ways. */
  text(): string;
  /** The next answer that matches is lost: both ends lose their connection instead. */
  lose(pattern: RegExp): void;
  /** How many were lost. */
  lost(): number;
}

/** Stands between a client and a server, and keeps every byte that passes. */
export async function tapWire(stage: Stage, serverPort: number): Promise<WireTap> {
  const streams: Buffer[][] = [];
  const sockets = new Set<Socket>();
  let losing: RegExp | null = null;
  let lost = 0;
  const tap = createServer((client) => {
    const server = connect(serverPort, '127.0.0.1');
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      const chunks: Buffer[] = [];
      streams.push(chunks);
      sockets.add(from);
      from.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        if (from !== server || losing?.test(chunk.toString('latin1')) !== true) {
          to.write(chunk);
          return;
        }
        losing = null;
        lost += 1;
        from.destroy();
        to.destroy();
      });
      from.on('end', () => to.end());
      from.on('error', () => to.destroy());
      from.on('close', () => sockets.delete(from));
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
    lose: (pattern) => {
      losing = pattern;
    },
    lost: () => lost,
    text: () => streams.map((chunks) => Buffer.concat(chunks).toString('latin1')).join('\n'),
  };
}
