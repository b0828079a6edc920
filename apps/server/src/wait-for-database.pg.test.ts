import { once } from 'node:events';
import { createServer } from 'node:net';

import { silentLog } from '@sagewai/log';
import { databaseTest as test } from '@sagewai/testing';
import { expect, onTestFinished } from 'vitest';

import { waitForDatabase } from './wait-for-database.ts';

const NOBODY = 'postgresql://nobody@127.0.0.1:1/none';
const patient = { limitMs: 60_000, log: silentLog, signal: new AbortController().signal };

test('does not wait for one that is up', async ({ url }) => {
  expect(await waitForDatabase({ ...patient, url })).toBe('up');
});

test('gives up at the limit, and names the setting', async () => {
  const waiting = waitForDatabase({ ...patient, url: NOBODY, limitMs: 0 });
  await expect(waiting).rejects.toThrow(/within 0.*DATABASE_WAIT.*ECONNREFUSED/);
});

test('says once that it waits, tries again, and stops when it is told to', async () => {
  // It closes every connection, as a proxy does before its database is there.
  const closedTwice = Promise.withResolvers<void>();
  let closed = 0;
  const proxy = createServer((socket) => {
    socket.destroy();
    closed += 1;
    if (closed === 2) closedTwice.resolve();
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  onTestFinished(() => void proxy.close());
  const address = proxy.address();
  if (typeof address !== 'object' || !address) throw new Error('no address');
  const stop = new AbortController();
  const lines: string[] = [];
  const waiting = waitForDatabase({
    ...patient,
    url: `postgresql://nobody@127.0.0.1:${address.port}/none`,
    log: { ...silentLog, warn: (line) => void lines.push(line) },
    signal: stop.signal,
  });
  await closedTwice.promise;
  stop.abort();
  expect(await waiting).toBe('stopped');
  expect(lines).toHaveLength(1);
});

test('what waiting does not mend is told at once', async ({ url }) => {
  const absent = new URL(url);
  absent.pathname = '/there_is_no_such_database';
  await expect(waitForDatabase({ ...patient, url: absent.href })).rejects.toThrow(/does not exist/);
});
