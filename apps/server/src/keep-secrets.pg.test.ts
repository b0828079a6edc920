import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { listKeptSecrets } from '@sagewai/identity';
import { databaseTest } from '@sagewai/testing';
import { expect } from 'vitest';

import { keepOrMakeSecret, type SecretPlace } from './keep-secrets.ts';

const test = databaseTest.extend<{ place: SecretPlace }>({
  place: async ({ url }, use) => {
    const home = await mkdtemp(join(tmpdir(), 'sagewai-secrets-'));
    await use({ home, homeIsNamed: true, ownerUrl: url });
    await rm(home, { recursive: true });
  },
});

// Nobody, root included, can make a folder there.
const UNWRITABLE = '/sys/sagewai';

test('what is given is used, and kept nowhere', async ({ place, owner }) => {
  const kept = await keepOrMakeSecret('JWT_SECRET', 'given', place);
  expect(kept).toEqual({ value: 'given', source: 'given', made: false });
  await expect(stat(join(place.home, 'secrets'))).rejects.toThrow('ENOENT');
  expect(await listKeptSecrets(owner)).toEqual([]);
});

test('a missing one is made once, and only its owner can read it', async ({ place }) => {
  const first = await keepOrMakeSecret('JWT_SECRET', null, place);
  expect(first).toMatchObject({ source: 'home', made: true });
  expect(await keepOrMakeSecret('JWT_SECRET', null, place)).toEqual({ ...first, made: false });
  const file = join(place.home, 'secrets', 'jwt-secret');
  expect((await readFile(file, 'utf8')).trim()).toBe(first.value);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await stat(join(place.home, 'secrets'))).mode & 0o777).toBe(0o700);
});

test('servers that start at once on one home get the same', async ({ place }) => {
  const kept = await Promise.all(
    Array.from({ length: 8 }, () => keepOrMakeSecret('JWT_SECRET', null, place)),
  );
  expect(new Set(kept.map(({ value }) => value)).size).toBe(1);
  expect(kept.filter(({ made }) => made)).toHaveLength(1);
});

test('without a home that can be written, replicas share it through the database (I7)', async ({
  place,
  owner,
}) => {
  const elsewhere = { ...place, home: UNWRITABLE };
  const first = await keepOrMakeSecret('JWT_SECRET', null, elsewhere);
  expect(first).toMatchObject({ source: 'database', made: true });
  const second = await keepOrMakeSecret('JWT_SECRET', null, elsewhere);
  expect(second).toEqual({ ...first, made: false });
  expect(await listKeptSecrets(owner)).toEqual(['JWT_SECRET']);
});
