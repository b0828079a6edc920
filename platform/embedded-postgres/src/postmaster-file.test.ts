import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test as base } from 'vitest';

import { findPostmaster, isAlive, readPostmasterFile } from './postmaster-file.ts';

const test = base.extend<{ dataDir: string; write: (text: string) => void }>({
  // oxlint-disable-next-line no-empty-pattern -- Vitest reads the parameter's names
  dataDir: async ({}, use) => {
    const dataDir = mkdtempSync(join(tmpdir(), 'sagewai-postmaster-'));
    await use(dataDir);
    rmSync(dataDir, { recursive: true });
  },
  write: async ({ dataDir }, use) => {
    await use((text) => writeFileSync(join(dataDir, 'postmaster.pid'), text));
  },
});

const textOf = (pid: number, status: string): string =>
  `${pid}\n/home/data\n1795233785\n5432\n/tmp/s\n\n 10043434 9\n${status}\n`;

test('reads who runs, where, and whether it takes connections', ({ dataDir, write }) => {
  write(textOf(42, 'ready   '));
  expect(readPostmasterFile(dataDir)).toEqual({
    pid: 42,
    port: 5432,
    socketDir: '/tmp/s',
    listenAddress: '',
    isReady: true,
  });
  write(textOf(42, 'starting'));
  expect(readPostmasterFile(dataDir)?.isReady).toBe(false);
});

test('a file that is missing or still being written is none', ({ dataDir, write }) => {
  expect(readPostmasterFile(dataDir)).toBeNull();
  for (const partial of ['', '42', '42\n/home/data\n17', 'x\ny\nz\n5432\n/tmp\n\n']) {
    write(partial);
    expect(readPostmasterFile(dataDir)).toBeNull();
  }
});

test('a pid that another program has by now is no postmaster', ({ dataDir, write }) => {
  write(textOf(process.pid, 'ready'));
  expect(isAlive(process.pid)).toBe(true);
  expect(findPostmaster(dataDir)).toBeNull();
});
