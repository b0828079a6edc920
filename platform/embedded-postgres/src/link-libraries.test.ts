import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test as base } from 'vitest';

import { linkLibraries } from './link-libraries.ts';

const LINKS = [
  { source: 'native/lib/libone.so.1.2', target: 'native/lib/libone.so' },
  { source: 'native/lib/libone.so.1.2', target: 'native/lib/libone.so.1' },
];

const test = base.extend<{ native: string; fallback: string }>({
  // oxlint-disable-next-line no-empty-pattern -- Vitest reads the parameter's names
  native: async ({}, use) => {
    const native = mkdtempSync(join(tmpdir(), 'sagewai-native-'));
    mkdirSync(join(native, 'lib'));
    writeFileSync(join(native, 'lib', 'libone.so.1.2'), 'code');
    writeFileSync(join(native, 'pg-symlinks.json'), JSON.stringify(LINKS));
    await use(native);
    chmodSync(join(native, 'lib'), 0o700);
    rmSync(native, { recursive: true });
  },
  fallback: async ({ native }, use) => {
    await use(join(native, 'fallback'));
  },
});

test('makes the links in the package, however many do it at once', async ({ native, fallback }) => {
  const all = await Promise.all([1, 2, 3, 4].map(() => linkLibraries(native, fallback)));
  expect(all).toEqual([null, null, null, null]);
  expect(readlinkSync(join(native, 'lib', 'libone.so.1'))).toBe('libone.so.1.2');
  expect(await readFile(join(native, 'lib', 'libone.so'), 'utf8')).toBe('code');
});

test('has nothing to do for binaries that come without a list', async ({ native, fallback }) => {
  rmSync(join(native, 'pg-symlinks.json'));
  expect(await linkLibraries(native, fallback)).toBeNull();
  expect(readdirSync(join(native, 'lib'))).toEqual(['libone.so.1.2']);
});

test('links beside a package that it may not write to, and tells the loader', async ({
  native,
}) => {
  chmodSync(native, 0o755);
  chmodSync(join(native, 'lib'), 0o555);
  const place = mkdtempSync(join(tmpdir(), 'sagewai-links-'));
  const fallback = join(place, 'lib');
  const script = `
    const { linkLibraries } = await import(${JSON.stringify(new URL('./link-libraries.ts', import.meta.url).href)});
    for (let i = 0; i < 2; i += 1) console.log(await linkLibraries(process.argv[1], process.argv[2]));
  `;
  const args = ['--input-type=module', '-e', script, native, fallback];
  // Rights do not bind root, so root asks an ordinary user.
  const isRoot = process.getuid?.() === 0;
  if (isRoot) chownSync(place, 65_534, 65_534);
  const done = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    ...(isRoot ? { uid: 65_534, gid: 65_534 } : {}),
  });
  if (isRoot && /EACCES.*(?:open|scandir|lstat|realpath)|ERR_MODULE_NOT_FOUND/.test(done.stderr)) {
    console.warn('not tried: no ordinary user can read these sources');
    return;
  }
  expect(done.stdout).toBe(`${fallback}:${join(native, 'lib')}\n`.repeat(2));
  expect(await readFile(join(fallback, 'libone.so.1'), 'utf8')).toBe('code');
  rmSync(place, { recursive: true });
});
