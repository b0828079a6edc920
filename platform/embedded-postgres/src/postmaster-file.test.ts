import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { findPostmaster, isAlive, parsePostmasterFile } from './postmaster-file.ts';

const text = (pid: number, status: string): string =>
  `${pid}\n/home/data\n1795233785\n5432\n/tmp/s\n\n 10043434 9\n${status}\n`;

test('reads who runs, where, and whether it takes connections', () => {
  expect(parsePostmasterFile(text(42, 'ready   '))).toEqual({
    pid: 42,
    port: 5432,
    socketDir: '/tmp/s',
    listenAddress: '',
    isReady: true,
  });
  expect(parsePostmasterFile(text(42, 'starting'))?.isReady).toBe(false);
});

test('a file that is still being written is not one', () => {
  for (const partial of ['', '42', '42\n/home/data\n17', 'x\ny\nz\n5432\n/tmp\n\n']) {
    expect(parsePostmasterFile(partial)).toBeNull();
  }
});

test('a pid that another program has by now is no postmaster', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'sagewai-postmaster-'));
  writeFileSync(join(dataDir, 'postmaster.pid'), text(process.pid, 'ready'));
  expect(isAlive(process.pid)).toBe(true);
  expect(findPostmaster(dataDir)).toBeNull();
  rmSync(dataDir, { recursive: true });
});
