import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { readConfig } from '@sagewai/config';
import { createLog } from '@sagewai/log';
import { expect, test } from 'vitest';

import { EDGE_FIELDS } from './config.ts';
import { startEdge } from './start-edge.ts';

const LOG = createLog({ level: 'error', name: 'edge' });

async function listenOn(port: number): Promise<Server> {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

const close = async (server: Server): Promise<void> => {
  server.close();
  await once(server, 'close');
};

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

test('an edge that cannot show its metrics does not serve either, and leaves its port', async () => {
  const [free, taken] = [await listenOn(0), await listenOn(0)];
  const [port, metricsPort] = [portOf(free), portOf(taken)];
  await close(free);
  const start = (environment: Record<string, string>) =>
    startEdge({
      config: readConfig(EDGE_FIELDS, {
        flags: { host: '127.0.0.1', port: String(port), 'no-llm': 'true' },
        environment,
      }),
      environment,
      log: LOG,
      version: '0.0.0',
      signal: new AbortController().signal,
      onFailure: () => {},
    });
  await expect(start({ SAGE_EDGE_METRICS_PORT: String(metricsPort) })).rejects.toThrow(
    `port ${metricsPort} is taken`,
  );
  // Its own is free again: whoever mends the setting starts another.
  const edge = await start({});
  await expect(start({})).rejects.toThrow(`port ${port} is taken`);
  expect((await fetch(`${edge.address}/healthz`)).status).toBe(200);
  await edge.stop();
  await close(taken);
});
