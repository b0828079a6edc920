import { createServer } from 'node:net';

import { silentLog } from '@sagewai/log';
import { databaseTest as test } from '@sagewai/testing';
import { expect } from 'vitest';

import { waitForDatabase } from './wait-for-database.ts';

const NOBODY = 'postgresql://nobody@127.0.0.1:1/none';
const patient = { limitMs: 60_000, log: silentLog, signal: new AbortController().signal };

test('does not wait for one that is up', async ({ url }) => {
  expect(await waitForDatabase({ ...patient, url })).toBe('up');
});

test('says once that it waits, and stops when it is told to', async () => {
  const stop = new AbortController();
  const lines: string[] = [];
  const told = Promise.withResolvers<void>();
  const warn = (line: string): void => {
    lines.push(line);
    told.resolve();
  };
  const waiting = waitForDatabase({
    ...patient,
    url: NOBODY,
    log: { ...silentLog, warn },
    signal: stop.signal,
  });
  await told.promise;
  stop.abort();
  expect(await waiting).toBe('stopped');
  expect(lines).toHaveLength(1);
});

test('gives up at the limit, and names the setting', async () => {
  const waiting = waitForDatabase({ ...patient, url: NOBODY, limitMs: 0 });
  await expect(waiting).rejects.toThrow(/within 0.*DATABASE_WAIT.*ECONNREFUSED/);
});

test('waits through what answers nothing yet: it comes up later', async ({ url }) => {
  // A port that closes every connection, as a proxy does before its database is there.
  let refused = 0;
  const { promise: closedTwice, resolve } = Promise.withResolvers<void>();
  const port = createServer((socket) => {
    socket.destroy();
    refused += 1;
    if (refused === 2) resolve();
  }).listen(0, '127.0.0.1');
  await new Promise((listening) => port.once('listening', listening));
  const address = port.address();
  if (typeof address !== 'object' || !address) throw new Error('no address');
  const stop = new AbortController();
  const waiting = waitForDatabase({
    ...patient,
    url: `postgresql://nobody@127.0.0.1:${address.port}/none`,
    signal: stop.signal,
  });
  await closedTwice;
  stop.abort();
  expect(await waiting).toBe('stopped');
  port.close();
  expect(await waitForDatabase({ ...patient, url })).toBe('up');
});

test('what waiting does not mend is told at once', async ({ url }) => {
  const absent = new URL(url);
  absent.pathname = '/there_is_no_such_database';
  await expect(waitForDatabase({ ...patient, url: absent.href })).rejects.toThrow(/does not exist/);
});
