import { keepSecret } from '@sagewai/identity';
import { sql } from '@sagewai/postgres';
import { databaseTest as test } from '@sagewai/testing';
import { expect } from 'vitest';

import { checkDatabase } from './database.ts';

const findingsAt = async (url: string): Promise<(readonly [string, string])[]> => {
  const { findings } = await checkDatabase({ url, ownerUrl: url });
  return findings.map(({ check, level }) => [check, level] as const);
};

test('a database that is up to date passes every check', async ({ url }) => {
  expect(await findingsAt(url)).toEqual([
    ['database', 'ok'],
    ['migrations', 'ok'],
    ['clock', 'ok'],
    ['isolation', 'ok'],
    ['money', 'ok'],
  ]);
});

test('rows under a former encryption key are a warning until none is left', async ({
  url,
  owner,
}) => {
  await sql`
    insert into encryption_key (fingerprint, replaced_at, remaining) values ('aa', app_now(), 7), ('bb', null, null)
  `.execute(owner);
  const { findings } = await checkDatabase({ url, ownerUrl: url });
  expect(findings.filter(({ check }) => check === 'encryption')).toMatchObject([
    { level: 'warning', found: '7 rows stand under the former key with the fingerprint aa' },
  ]);
  await sql`
    update encryption_key set remaining = 1, broken = 1, emptied_at = app_now() where fingerprint = 'aa'
  `.execute(owner);
  expect((await findingsAt(url)).slice(-2)).toEqual([
    ['encryption', 'ok'],
    ['encryption', 'warning'],
  ]);
});

test('break-glass that is open, or was used lately, is a warning with its reason (G3)', async ({
  url,
  owner,
}) => {
  await sql`
    insert into platform_token (id, hash, name, reason, expires_at)
    values (gen_random_uuid(), sha256('a'), 'break-glass a', 'owners are gone', app_now() + interval '1 min')
  `.execute(owner);
  const emergencies = async () => {
    const { findings } = await checkDatabase({ url, ownerUrl: url });
    return findings.filter(({ check }) => check === 'emergency');
  };
  expect(await emergencies()).toMatchObject([
    {
      level: 'warning',
      found: expect.stringMatching(/IS OPEN until .*not used yet: owners are gone/),
    },
  ]);
  await sql`
    update platform_token set revoked_at = app_now(), used_at = app_now(), used_address = '10.0.0.1'
  `.execute(owner);
  expect(await emergencies()).toMatchObject([
    { level: 'warning', found: expect.stringMatching(/was used since .* from 10.0.0.1/) },
  ]);
  await sql`update platform_token set used_at = app_now() - interval '8 days'`.execute(owner);
  expect(await emergencies()).toEqual([]);
});

test('a database that is not there is one failure, with what mends it', async () => {
  const url = 'postgresql://nobody@127.0.0.1:1/none';
  const { findings } = await checkDatabase({ url, ownerUrl: url });
  expect(findings).toMatchObject([{ check: 'database', level: 'failure' }]);
  expect(findings[0]?.mend).toMatch(/sagewai up/);
});

test('a schema that is newer than this version is a failure', async ({ url, owner }) => {
  await sql`
    insert into schema_migration (name, checksum, breaking) values ('999999_later.sql', 'x', false)
  `.execute(owner);
  expect(await findingsAt(url)).toContainEqual(['migrations', 'failure']);
});

test('a schema that is older is the next start’s to mend', async ({ url, owner }) => {
  await sql`
    delete from schema_migration where name = (select max(name) from schema_migration)
  `.execute(owner);
  expect(await findingsAt(url)).toContainEqual(['migrations', 'warning']);
});

test('names the secrets that the database keeps', async ({ url, open }) => {
  await keepSecret(open({ role: null }), { name: 'JWT_SECRET', value: 'made' });
  const { keptSecrets } = await checkDatabase({ url, ownerUrl: url });
  expect(keptSecrets).toEqual(['JWT_SECRET']);
});
