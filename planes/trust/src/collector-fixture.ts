import { createSocket } from 'node:dgram';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';

import { onTestFinished } from 'vitest';

/** Takes a stream apart as RFC 6587 frames it, byte by byte, however it was split. */
export class Deframer {
  readonly messages: string[] = [];
  #bytes: number[] = [];
  #length: number | null = null;

  feed(piece: Uint8Array): void {
    for (const byte of piece) {
      if (this.#length === null && byte === 0x20) {
        const digits = Buffer.from(this.#bytes).toString('latin1');
        if (!/^[1-9][0-9]*$/.test(digits)) throw new Error(`no frame begins with ${digits}`);
        this.#length = Number(digits);
        this.#bytes = [];
      } else this.#bytes.push(byte);
      if (this.#length !== null && this.#bytes.length === this.#length) {
        this.messages.push(Buffer.from(this.#bytes).toString('utf8'));
        this.#bytes = [];
        this.#length = null;
      }
    }
  }

  get isWhole(): boolean {
    return this.#length === null && this.#bytes.length === 0;
  }
}

/** What becomes of a connection: it is read to its end, cut after some bytes, or never read. */
export type Treatment = 'read' | 'ignore' | { readonly cutAfter: number };

export interface Collector {
  readonly port: number;
  /** Of connections that were read to their ends, in their order. */
  readonly messages: string[];
  /** For the next connections; then they are read. */
  readonly script: Treatment[];
  connections: number;
}

export async function startCollector(tls?: {
  readonly certificate: string;
  readonly key: string;
}): Promise<Collector> {
  const collector = {
    messages: [] as string[],
    script: [] as Treatment[],
    connections: 0,
    port: 0,
  };
  const treat = (socket: Socket): void => {
    collector.connections += 1;
    socket.on('error', () => undefined);
    const treatment = collector.script.shift() ?? 'read';
    if (treatment === 'ignore') {
      socket.pause();
      return;
    }
    const deframer = new Deframer();
    let read = 0;
    socket.on('data', (piece: Buffer) => {
      for (const byte of piece) deframer.feed(Buffer.of(byte));
      read += piece.length;
      if (treatment !== 'read' && read >= treatment.cutAfter) socket.resetAndDestroy();
    });
    socket.on('end', () => {
      if (!deframer.isWhole) throw new Error('a message was cut');
      collector.messages.push(...deframer.messages);
    });
  };
  const server: Server = tls
    ? createTlsServer({ cert: tls.certificate, key: tls.key }, treat)
    : createServer(treat);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => open.add(socket));
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  collector.port = (server.address() as AddressInfo).port;
  return collector;
}

export async function startDatagramCollector(): Promise<Collector> {
  const collector = { messages: [] as string[], script: [], connections: 0, port: 0 };
  const socket = createSocket('udp4');
  socket.on('message', (message) => collector.messages.push(message.toString('utf8')));
  await new Promise<void>((bound) => socket.bind(0, '127.0.0.1', bound));
  onTestFinished(() => void socket.close());
  collector.port = socket.address().port;
  return collector;
}
