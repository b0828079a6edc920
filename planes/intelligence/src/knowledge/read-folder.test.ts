import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import { readFolder } from './read-folder.ts';

const bounds = { documentsMax: 10, bytesMax: 10_000 };

async function folders(): Promise<{ root: string; outside: string }> {
  const top = await mkdtemp(join(tmpdir(), 'sagewai-index-'));
  onTestFinished(() => rm(top, { recursive: true }));
  const [root, outside] = [join(top, 'docs'), join(top, 'docs-of-others')];
  await mkdir(join(root, 'sub'), { recursive: true });
  await mkdir(outside);
  await writeFile(join(root, 'a.md'), 'a');
  await writeFile(join(root, 'sub', 'b.txt'), 'b');
  await writeFile(join(root, 'c.bin'), 'c');
  await writeFile(join(root, '.hidden.md'), 'h');
  await writeFile(join(outside, 'secret.md'), 's');
  return { root, outside };
}

const pathsOf = async (roots: string[], wanted: string | null): Promise<string[] | string> => {
  const read = await readFolder(roots, wanted, bounds);
  return read.kind === 'read' ? read.documents.map(({ path }) => path) : read.kind;
};

test('the texts of a folder and of those below it are read', async () => {
  const { root } = await folders();
  expect(await pathsOf([root], null)).toEqual(['a.md', 'sub/b.txt']);
  expect(await pathsOf([root], 'sub')).toEqual(['b.txt']);
  expect(await pathsOf([root], join(root, 'sub'))).toEqual(['b.txt']);
});

test('nothing outside of the folders of the project is read, by no path and by no link (K3)', async () => {
  const { root, outside } = await folders();
  await symlink(outside, join(root, 'way-out'));
  await symlink(join(outside, 'secret.md'), join(root, 'linked.md'));
  for (const wanted of ['..', '../docs-of-others', outside, 'way-out', '/etc', 'nowhere', 'a.md']) {
    expect([wanted, await pathsOf([root], wanted)]).toEqual([wanted, 'missing']);
  }
  expect(await pathsOf([root], null)).toEqual(['a.md', 'sub/b.txt']);
  expect(await pathsOf([], null)).toBe('missing');
});

test('where a folder is on the server is not told, only what it is below the operator’s', async () => {
  const { root } = await folders();
  const folderOf = async (wanted: string | null): Promise<string | undefined> => {
    const read = await readFolder([root], wanted, bounds);
    return read.kind === 'read' ? read.folder : undefined;
  };
  expect(await folderOf(null)).toBe('.');
  expect(await folderOf(join(root, 'sub'))).toBe('sub');
});

test('what cannot be read refuses the whole, by its path in the folder', async () => {
  const { root } = await folders();
  // Whoever runs the tests may be one who reads everything.
  const refusing = (path: string): Promise<string> =>
    path.endsWith('b.txt')
      ? Promise.reject(Object.assign(new Error('EACCES'), { code: 'EACCES', path }))
      : Promise.resolve('');
  const read = await readFolder([root], null, bounds, refusing);
  expect(read).toEqual({ kind: 'unreadable', path: 'sub/b.txt' });
});

test('more than there is room for is refused, not cut', async () => {
  const { root } = await folders();
  const read = await readFolder([root], null, { ...bounds, documentsMax: 1 });
  expect(read.kind).toBe('too_much');
});
