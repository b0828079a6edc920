import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { test as base, expect } from 'vitest';

import { type ChildEnd, startChild } from './child.ts';

const test = base.extend<{ logFile: string }>({
  // oxlint-disable-next-line no-empty-pattern -- Vitest reads the parameter's names
  logFile: async ({}, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'sagewai-child-'));
    await use(join(folder, 'child.log'));
    await rm(folder, { recursive: true });
  },
});

const environment = { PATH: process.env['PATH'] };

test('a wrong setting is told in its own words, and not tried again', async ({ logFile }) => {
  const givenUp = Promise.withResolvers<ChildEnd>();
  const child = startChild({
    name: 'server',
    words: ['server'],
    environment: { ...environment, PORT: 'eight thousand' },
    logFile,
    onRestart: () => givenUp.reject(new Error('it was started again')),
    onGivenUp: givenUp.resolve,
  });
  const { name, story } = await givenUp.promise;
  expect(name).toBe('server');
  expect(story).toContain('server ended (exit code 2)');
  expect(story).toContain('PORT: expected a whole number');
  expect(story).toContain(logFile);
  await child.stop(1_000);
  expect((await readFile(logFile, 'utf8')).match(/DATABASE_URL: missing/g)).toHaveLength(1);
}, 60_000);

test('stopped while it runs, it is not given up', async ({ logFile }) => {
  const ends: ChildEnd[] = [];
  const child = startChild({
    name: 'server',
    words: ['server'],
    environment: { ...environment, DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none' },
    logFile,
    onRestart: () => undefined,
    onGivenUp: (end) => ends.push(end),
  });
  await child.stop(10_000);
  expect(ends).toEqual([]);
}, 60_000);
