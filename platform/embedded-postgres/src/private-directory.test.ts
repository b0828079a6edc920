import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test as base } from 'vitest';

import { ensurePrivateDirectory } from './private-directory.ts';

const uid = process.getuid?.() ?? -1;

const test = base.extend<{ place: string }>({
  // oxlint-disable-next-line no-empty-pattern -- Vitest reads the parameter's names
  place: async ({}, use) => {
    const place = mkdtempSync(join(tmpdir(), 'sagewai-private-'));
    await use(place);
    rmSync(place, { recursive: true });
  },
});

test('makes what is missing and takes what is private', async ({ place }) => {
  const path = join(place, 'new');
  await ensurePrivateDirectory(path, uid);
  await ensurePrivateDirectory(path, uid);
  expect(statSync(path).mode & 0o777).toBe(0o700);
});

test('refuses a link, also to a directory that would do', async ({ place }) => {
  mkdirSync(join(place, 'real'), { mode: 0o700 });
  symlinkSync(join(place, 'real'), join(place, 'link'));
  await expect(ensurePrivateDirectory(join(place, 'link'), uid)).rejects.toMatchObject({
    reason: 'foreign-directory',
  });
});

test('refuses a file, a directory that others may enter, and one of another owner', async ({
  place,
}) => {
  writeFileSync(join(place, 'file'), '');
  mkdirSync(join(place, 'open'));
  chmodSync(join(place, 'open'), 0o711);
  mkdirSync(join(place, 'foreign'), { mode: 0o700 });
  const refused = { reason: 'foreign-directory' };
  await expect(ensurePrivateDirectory(join(place, 'file'), uid)).rejects.toMatchObject(refused);
  await expect(ensurePrivateDirectory(join(place, 'open'), uid)).rejects.toMatchObject(refused);
  await expect(ensurePrivateDirectory(join(place, 'foreign'), uid + 1)).rejects.toMatchObject(
    refused,
  );
});
