import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { test as base, expect } from 'vitest';

import { readState, saveState } from './kept-state.ts';

const test = base.extend<{ home: string }>({
  // oxlint-disable-next-line no-empty-pattern -- Vitest reads the parameter's names
  home: async ({}, use) => {
    const home = await mkdtemp(join(tmpdir(), 'sagewai-up-'));
    await use(home);
    await rm(home, { recursive: true });
  },
});

test('what was kept is found; before the first start there is nothing', async ({ home }) => {
  expect(await readState(home)).toEqual({});
  await saveState(home, { adminToken: 'sat-one', virtualKey: 'sk-one' });
  await saveState(home, { adminToken: 'sat-two' });
  expect(await readState(home)).toEqual({ adminToken: 'sat-two' });
});

test('only its owner can read it, and no draft stays behind', async ({ home }) => {
  await saveState(home, { adminToken: 'sat-one' });
  expect(await readdir(home)).toEqual(['up.json']);
  expect((await stat(join(home, 'up.json'))).mode & 0o777).toBe(0o600);
});

test('a file that cannot be read is not overwritten: the user is told', async ({ home }) => {
  await writeFile(join(home, 'up.json'), 'half a fi');
  await expect(readState(home)).rejects.toThrow(/up\.json cannot be read; move it away/);
});
