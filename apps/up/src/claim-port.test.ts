import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

import { expect, onTestFinished, test } from 'vitest';

import { claimPort } from './claim-port.ts';

async function occupy(address: string): Promise<number> {
  const server: Server = createServer().listen(0, address);
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const bound = server.address();
  if (typeof bound !== 'object' || !bound) throw new Error('no address');
  return bound.port;
}

test('a port that somebody has is taken, on either localhost', async () => {
  expect(await claimPort(await occupy('127.0.0.1'))).toEqual({ kind: 'taken' });
  const other = await occupy('::1').catch(() => null);
  if (other !== null) expect(await claimPort(other)).toEqual({ kind: 'taken' });
});

test('port 0 becomes one that can be had at once', async () => {
  const claim = await claimPort(0);
  if (claim.kind !== 'free') throw new Error(claim.kind);
  expect(claim.port).toBeGreaterThan(0);
  expect(await claimPort(claim.port)).toEqual(claim);
});
