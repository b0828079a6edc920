import { once } from 'node:events';
import {
  type AddressInfo,
  connect,
  createServer,
  type NetConnectOpts,
  type Socket,
} from 'node:net';

import type { Stage } from './stage.ts';

export interface TcpProxy {
  readonly port: number;
  /** Keeps connections open and lets nothing through: neither side is told. Only those that match, if said. */
  freeze(matches?: (sent: string) => boolean): void;
  /** Everything that was held back goes on, in order. */
  thaw(): void;
  /** Ends all connections; new ones pass. */
  cut(): void;
  /**
   * Stops the first connection that sends this text from now on, until `thaw`: before the text goes on, or
   * after it has, when the answer has come. Resolves when it stands.
   */
  stopAt(text: string, when: 'before' | 'after'): Promise<void>;
}

interface Pair {
  readonly sides: readonly [Socket, Socket];
  sent: string;
  readonly held: { readonly to: Socket; readonly chunk: Buffer }[];
  isStopped: boolean;
}

const SENT_LENGTH_MAX = 64 * 1024;

/** Stands between a client and a server, and can be the network at its worst. */
export async function startTcpProxy(stage: Stage, target: NetConnectOpts): Promise<TcpProxy> {
  const pairs = new Set<Pair>();
  let frozen: ((sent: string) => boolean) | null = null;
  let awaited: {
    text: string;
    when: 'before' | 'after';
    pair: Pair | null;
    stands: () => void;
  } | null = null;

  const isStill = (pair: Pair): boolean => pair.isStopped || frozen?.(pair.sent) === true;
  const server = createServer((client) => {
    const upstream = connect(target);
    const pair: Pair = { sides: [client, upstream], sent: '', held: [], isStopped: false };
    pairs.add(pair);
    const end = (): void => {
      pairs.delete(pair);
      // A half-open connection is one whose end is not told.
      if (!isStill(pair)) for (const side of pair.sides) side.destroy();
    };
    const stop = (): void => {
      pair.isStopped = true;
      awaited?.stands();
    };
    const pass = (to: Socket, chunk: Buffer): void => {
      if (isStill(pair)) pair.held.push({ to, chunk });
      else to.write(chunk);
    };
    client.on('data', (chunk: Buffer) => {
      const text = chunk.toString('latin1');
      pair.sent = (pair.sent + text).slice(-SENT_LENGTH_MAX);
      if (awaited?.pair === null && text.includes(awaited.text)) {
        awaited.pair = pair;
        if (awaited.when === 'before') stop();
      }
      pass(upstream, chunk);
    });
    upstream.on('data', (chunk: Buffer) => {
      if (awaited?.pair === pair && awaited.when === 'after') stop();
      pass(client, chunk);
    });
    for (const side of pair.sides) side.on('error', end).on('close', end);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const cut = (): void => {
    for (const { sides } of pairs) for (const side of sides) side.destroy();
    pairs.clear();
  };
  stage.defer('the proxy', async () => {
    frozen = null;
    cut();
    server.close();
    await once(server, 'close');
  });
  return {
    port: (server.address() as AddressInfo).port,
    freeze: (matches = () => true) => {
      frozen = matches;
    },
    thaw: () => {
      frozen = null;
      awaited = null;
      for (const pair of pairs) {
        pair.isStopped = false;
        for (const { to, chunk } of pair.held.splice(0)) to.write(chunk);
      }
    },
    cut,
    stopAt: (text, when) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      awaited = { text, when, pair: null, stands: resolve };
      return promise;
    },
  };
}

/** The same address of a database, through the proxy. */
export function throughProxy(url: string, { port }: TcpProxy): string {
  const changed = new URL(url);
  changed.hostname = '127.0.0.1';
  changed.port = String(port);
  changed.searchParams.delete('host');
  return changed.href;
}

/** Where a database's address leads: a socket of the file system, or a port. */
export function targetOf(url: string): NetConnectOpts {
  const { hostname, port, searchParams } = new URL(url);
  const folder = searchParams.get('host');
  const number = port || searchParams.get('port') || '5432';
  if (folder?.startsWith('/') === true) return { path: `${folder}/.s.PGSQL.${number}` };
  return { host: hostname, port: Number(number) };
}
