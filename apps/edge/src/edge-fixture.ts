import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { readConfig } from '@sagewai/config';
import { silentLog } from '@sagewai/log';
import { onTestFinished } from 'vitest';

import { EDGE_FIELDS } from './config.ts';
import { type Edge, startEdge } from './start-edge.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface Upstream {
  readonly url: string;
  stop(): Promise<void>;
}

/** A gateway on a real socket that is ready and answers as the test says. Port 0 takes a free one. */
export async function startUpstream(answer: Answer, port = 0): Promise<Upstream> {
  const server = createServer((request, response) => {
    if (request.url === '/readyz') response.end('{}');
    else answer(request, response);
  });
  await new Promise<void>((resolve) => void server.listen(port, '127.0.0.1', resolve));
  const stop = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  };
  onTestFinished(stop);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stop };
}

type Settings = Readonly<Record<string, string>>;

/** An edge with these settings, on a free port of loopback. Ends with the test. */
export async function startTestEdge(settings: Settings): Promise<Edge> {
  const environment = {
    SAGE_EDGE_HOST: '127.0.0.1',
    SAGE_EDGE_PORT: '0',
    SAGE_EDGE_PROBE_BACKOFF: '10ms',
    SAGE_EDGE_PROBE_INTERVAL: '100ms',
    SAGE_EDGE_DRAIN_TIMEOUT: '2s',
    SAGE_EDGE_DRAIN_LINGER: '10ms',
    ...settings,
  };
  let isStopped = false;
  const edge = await startEdge({
    config: readConfig(EDGE_FIELDS, { environment }),
    environment,
    log: silentLog,
    version: '0.0.0-test',
    signal: new AbortController().signal,
    onFailure: (error) => {
      throw error;
    },
  });
  const stop = async (): Promise<void> => {
    if (isStopped) return;
    isStopped = true;
    await edge.stop();
  };
  onTestFinished(stop);
  return { ...edge, stop };
}

/** Until the edge says that it is ready, or whatever else is waited for. */
export async function untilReady(address: string, status = 'ready'): Promise<void> {
  for (;;) {
    const answer = await fetch(`${address}/readyz`);
    const health = (await answer.json()) as { status: string };
    if (health.status === status) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
