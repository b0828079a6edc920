import { hash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import { digestOf, type MadeFile, putFiles } from './put-files.ts';

async function home(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sagewai-files-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

const file = (name: string, text: string, said = text): MadeFile => ({
  name,
  sha256: hash('sha256', said),
  read: async function* read() {
    yield Buffer.from(text.slice(0, 2));
    yield Buffer.from(text.slice(2));
  },
});

test('files stand under the digest of all of them, once', async () => {
  const at = await home();
  const files = [file('adapter.bin', 'weights'), file('sub/config.json', '{}')];
  const folders = await Promise.all([putFiles(at, files), putFiles(at, files)]);
  expect(new Set(folders)).toEqual(new Set([join(at, digestOf(files))]));
  expect(await readFile(join(folders[0] ?? '', 'sub/config.json'), 'utf8')).toBe('{}');
  expect(await readdir(at)).toEqual([digestOf(files)]);
  // They are there: nothing is read again.
  const gone = files.map(({ name, sha256 }) => ({ ...file(name, ''), sha256 }));
  expect(await putFiles(at, gone)).toBe(folders[0]);
});

test('nothing is left of files that are not what the run has made (N7)', async () => {
  const at = await home();
  const files = [file('a', 'good'), file('b', 'bad', 'other')];
  await expect(putFiles(at, files)).rejects.toThrow('b is not what the run has made');
  expect(await readdir(at)).toEqual([]);
});
