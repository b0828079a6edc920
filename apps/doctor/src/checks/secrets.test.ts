import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { test as base, expect } from 'vitest';

import { checkSecrets, type SecretPlaces } from './secrets.ts';

const test = base.extend<{ places: SecretPlaces }>({
  // oxlint-disable-next-line no-empty-pattern -- Vitest reads the parameter's names
  places: async ({}, use) => {
    const home = await mkdtemp(join(tmpdir(), 'sagewai-doctor-'));
    await use({ home, given: [], inDatabase: [], inKubernetes: false });
    await rm(home, { recursive: true });
  },
});

async function keep({ home }: SecretPlaces, mode: number): Promise<void> {
  await mkdir(join(home, 'secrets'), { recursive: true });
  const file = join(home, 'secrets', 'jwt-secret');
  await writeFile(file, 'a secret');
  await chmod(file, mode);
}

const levelOf = async (places: SecretPlaces): Promise<string | undefined> =>
  (await checkSecrets(places))[0]?.level;

test('given, kept in the home, or still to be made: all is well', async ({ places }) => {
  expect(await levelOf(places)).toBe('ok');
  expect(await levelOf({ ...places, given: ['JWT_SECRET'] })).toBe('ok');
  await keep(places, 0o600);
  expect(await levelOf(places)).toBe('ok');
  expect(await levelOf({ ...places, inKubernetes: true })).toBe('warning');
});

test('a file that others can read fails', async ({ places }) => {
  await keep(places, 0o640);
  expect(await checkSecrets(places)).toMatchObject([
    { level: 'failure', mend: expect.stringMatching(/^chmod 600 /) },
    { level: 'ok' },
  ]);
});

test('kept in the database fails until it is supplied', async ({ places }) => {
  const inDatabase = ['JWT_SECRET'];
  expect(await levelOf({ ...places, inDatabase })).toBe('failure');
  expect(await levelOf({ ...places, inDatabase, given: ['JWT_SECRET'] })).toBe('warning');
});
