import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { checkDisk, judgeSpace } from './disk.ts';

const GIB = 2 ** 30;

test('little space is a warning, almost none a failure', () => {
  expect(judgeSpace('/srv', 5 * GIB).level).toBe('ok');
  expect(judgeSpace('/srv', 4.9 * GIB).level).toBe('warning');
  expect(judgeSpace('/srv', 0.4 * GIB).level).toBe('failure');
});

test('a folder that is not there yet is looked at where it will be, once a disk', async () => {
  const folders = [join(tmpdir(), 'not/there'), join(tmpdir(), 'nor/this')];
  expect(await checkDisk(folders)).toMatchObject([
    { check: 'disk', found: expect.stringMatching(new RegExp(`at ${tmpdir()}$`)) },
  ]);
});
