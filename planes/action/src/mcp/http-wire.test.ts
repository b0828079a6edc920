import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';

import { createPublicEgress } from '@sagewai/egress';
import { expect, onTestFinished, test } from 'vitest';

import { createHttpWire } from './http-wire.ts';

async function listen(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** What nobody has handled ends a process. */
function unhandled(): readonly unknown[] {
  const seen: unknown[] = [];
  const see = (reason: unknown): void => void seen.push(reason);
  const others = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  process.on('unhandledRejection', see);
  onTestFinished(() => {
    process.off('unhandledRejection', see);
    for (const other of others) process.on('unhandledRejection', other);
  });
  return seen;
}

test('a server that breaks off when it is left does no harm', async () => {
  const rejections = unhandled();
  const left = Promise.withResolvers<void>();
  const url = await listen((request, response) => {
    if (request.method === 'DELETE') {
      // It promises an answer, and goes.
      response.writeHead(200, { 'content-length': '10' });
      response.flushHeaders();
      response.on('close', left.resolve);
      setImmediate(() => response.destroy());
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json', 'mcp-session-id': 'one' });
    response.end(JSON.stringify({ jsonrpc: '2.0', id: 1, result: {} }));
  });
  const egress = createPublicEgress({ privateHosts: ['127.0.0.1'], timeoutMs: 10_000 });
  const wire = createHttpWire({
    egress,
    url,
    allowed: [new URL(url).host],
    headers: {},
    signal: AbortSignal.timeout(10_000),
    bytesMax: 10_000,
  });
  expect(await wire.request('initialize', {})).toMatchObject({ kind: 'result' });
  wire.close();
  await left.promise;
  await egress.close();
  await turn();
  expect(rejections).toEqual([]);
});
