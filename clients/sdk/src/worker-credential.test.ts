import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import {
  readWorkerCredential,
  saveWorkerCredential,
  workerCredentialFile,
} from './worker-credential.ts';

const CREDENTIAL = {
  url: 'http://a:8000',
  name: 'w',
  worker_id: 'id',
  worker_secret: 'secret',
  organization_id: 'org',
  pool: 'gpu',
  models: ['m'],
  labels: {},
};

async function home(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sagewai-credential-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

test('is read back, and nobody else may read it', async () => {
  const file = workerCredentialFile(await home(), CREDENTIAL.url, 'w');
  expect(await readWorkerCredential(file)).toBeNull();
  await saveWorkerCredential(file, CREDENTIAL);
  expect(await readWorkerCredential(file)).toEqual(CREDENTIAL);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test('a damaged file counts as none', async () => {
  const file = join(await home(), 'broken.json');
  await writeFile(file, '{"worker_id":');
  expect(await readWorkerCredential(file)).toBeNull();
});

test('two servers or two names are two files, and a name cannot leave the folder', () => {
  const file = (url: string, name: string): string => workerCredentialFile('/h', url, name);
  expect(file('http://a', 'w')).toBe(file('http://a/', 'w'));
  expect(new Set([file('http://a', 'w'), file('http://b', 'w'), file('http://a', 'v')]).size).toBe(
    3,
  );
  expect(file('http://a', '../../etc/x')).toMatch(/^\/h\/workers\/[^/]+$/);
});
