import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

import type { Stage } from './stage.ts';

/**
 * Gives each new connection to the next port that takes it, and knows nothing of what is said: no
 * health is asked for, so a server that drains is given connections until it listens no more.
 */
export async function startRoundRobin(
  stage: Stage,
  ports: readonly number[],
): Promise<{ readonly url: string }> {
  const open = new Set<Socket>();
  const keep = (socket: Socket): void => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  };
  let next = 0;
  const join = (client: Socket, triesLeft: number): void => {
    const server = connect(ports[next++ % ports.length] ?? 0, '127.0.0.1');
    const refused = (): void => {
      if (triesLeft > 1) join(client, triesLeft - 1);
      else client.destroy();
    };
    server.once('error', refused);
    server.once('connect', () => {
      keep(server);
      server.off('error', refused);
      for (const [one, other] of [
        [client, server],
        [server, client],
      ] as const) {
        one.on('error', () => other.destroy());
        one.on('close', () => other.destroy());
        one.pipe(other);
      }
      client.resume();
    });
  };
  const proxy = createServer((client) => {
    keep(client);
    client.pause();
    client.on('error', () => client.destroy());
    join(client, ports.length);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  stage.defer('the round robin', async () => {
    for (const socket of open) socket.destroy();
    proxy.close();
    await once(proxy, 'close');
  });
  return { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` };
}
