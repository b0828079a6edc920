import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { readConfig } from '@sagewai/config';
import { SERVER_FIELDS, type ServerConfig } from '@sagewai/server';
import { tempHome } from '@sagewai/testing';
import { ScriptedS3 } from '@sagewai/testing/scripted-s3';
import { expect, onTestFinished, test } from 'vitest';

import { checkObjects, judgeStore } from './objects.ts';

const DATABASE_URL = 'postgresql://localhost/sagewai';
const configOf = (environment: Record<string, string>): ServerConfig =>
  readConfig(SERVER_FIELDS, { environment: { DATABASE_URL, ...environment } });
const alone = { mayHaveReplicas: false, isNamed: false };

test('a folder is written, read and left as it was', async () => {
  await using home = await tempHome();
  const found = await checkObjects(configOf({ SAGEWAI_HOME: home.path }), alone);
  expect(found).toMatchObject({ level: 'ok' });
  expect(found.found).toContain(join(home.path, 'objects'));
});

test('a folder that cannot be written fails, and says what mends it', async () => {
  await using home = await tempHome();
  await mkdir(home.path, { recursive: true });
  await writeFile(join(home.path, 'objects'), 'in the way');
  const found = await checkObjects(configOf({ SAGEWAI_HOME: home.path }), alone);
  expect(found).toMatchObject({
    level: 'failure',
    mend: expect.stringContaining('OBJECT_STORE_URL'),
  });
  expect(found.found).toMatch(/ENOTDIR|EEXIST/);
});

test('files on one machine are a warning where there may be replicas', () => {
  const files = { kind: 'files', place: '/srv' } as const;
  const shared = { mayHaveReplicas: true, isNamed: false };
  expect(judgeStore(files, 1, alone).level).toBe('ok');
  expect(judgeStore(files, 1, shared).level).toBe('warning');
  expect(judgeStore(files, 1, { ...shared, isNamed: true }).level).toBe('ok');
  expect(judgeStore({ kind: 's3', place: 's3://b/' }, 1, shared).level).toBe('ok');
});

test('a bucket: one that works, one elsewhere, one without keys', async () => {
  const s3 = await ScriptedS3.start();
  onTestFinished(() => s3.stop());
  const environment = {
    OBJECT_STORE_URL: `s3://${s3.bucket}/prefix`,
    OBJECT_STORE_ENDPOINT: s3.url,
    OBJECT_STORE_REGION: s3.region,
    AWS_ACCESS_KEY_ID: s3.credentials.id,
    AWS_SECRET_ACCESS_KEY: s3.credentials.secret,
  };
  expect(await checkObjects(configOf(environment), alone)).toMatchObject({ level: 'ok' });
  expect(s3.objects.size).toBe(0);
  const elsewhere = configOf({ ...environment, OBJECT_STORE_REGION: 'us-east-1' });
  expect((await checkObjects(elsewhere, alone)).found).toContain('the bucket is in eu-central-1');
  const { AWS_SECRET_ACCESS_KEY: _, ...keyless } = environment;
  expect((await checkObjects(configOf(keyless), alone)).found).toContain('AWS_SECRET_ACCESS_KEY');
});
