import { chmod, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import { createCredentialStore, type CredentialStore } from './credential-store.ts';

const KEY = 'sk-first-0123456789';

async function place(content: string, mode = 0o600) {
  const folder = await mkdtemp(join(tmpdir(), 'sagewai-creds-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'creds.yaml');
  const write = async (text: string, bits = 0o600): Promise<void> => {
    // As an operator or a mounted secret replaces it: at once.
    await writeFile(`${path}.new`, text, { mode: bits });
    await chmod(`${path}.new`, bits);
    await rename(`${path}.new`, path);
  };
  await write(content, mode);
  const said: string[] = [];
  const log = { note: (text: string) => said.push(text), warn: (text: string) => said.push(text) };
  const store: CredentialStore = createCredentialStore({ path, given: null, secrets: [], log });
  return { store, write, said, path };
}

const withKey = (key: string): string => `inference_overrides: {api_key: ${key}}`;

test('what a program gives is taken as it is, and never said', async () => {
  const given = { inference_overrides: { api_key: KEY } };
  const log = { note: () => undefined, warn: () => undefined };
  const store = createCredentialStore({ path: '', given, secrets: [], log });
  expect(await store.take()).toBe(given);
  expect(store.redact(`with ${KEY}`)).not.toContain(KEY);
});

test('a file that others may read is refused, and the message says what to do', async () => {
  for (const mode of [0o640, 0o604, 0o644]) {
    const { store, path } = await place(withKey(KEY), mode);
    await expect(store.take()).rejects.toThrow(`chmod 600 ${path}`);
  }
});

test('a file that is missing or wrong is refused at the start', async () => {
  const { store, path } = await place('nonsense: 1');
  await expect(store.take()).rejects.toThrow(/nonsense: is not known/);
  await rm(path);
  await expect(store.take()).rejects.toThrow(/cannot be read \(ENOENT\)/);
});

test('a changed file counts for the next run; what it held before stays redacted', async () => {
  const { store, write, said } = await place(withKey(KEY));
  expect(await store.take()).toEqual({ inference_overrides: { api_key: KEY } });
  await write(withKey('sk-second-0123456789'));
  expect(await store.take()).toEqual({ inference_overrides: { api_key: 'sk-second-0123456789' } });
  expect(said).toEqual([expect.stringMatching(/has changed/)]);
  expect(store.redact(`${KEY} sk-second-0123456789`)).toBe('[redacted] [redacted]');
});

test('a change that cannot be used is told once, and the former credentials go on', async () => {
  const { store, write, said } = await place(withKey(KEY));
  const former = await store.take();
  await write(withKey('sk-open-to-all-0123'), 0o644);
  expect(await store.take()).toBe(former);
  expect(await store.take()).toBe(former);
  expect(said).toEqual([expect.stringMatching(/chmod 600 .*credentials of before go on/)]);
  await write(withKey('sk-third-0123456789'));
  expect(await store.take()).toEqual({ inference_overrides: { api_key: 'sk-third-0123456789' } });
});
