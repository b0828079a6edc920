import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { expect } from 'vitest';

import { ask, bearer } from '../harness/api.ts';
import { makeDatabase } from '../harness/database.ts';
import { cluster, test } from '../harness/e2e-test.ts';
import { startSagewai } from '../harness/sagewai.ts';
import { createServer, makeSecrets } from '../harness/server.ts';

const NONE = { administrator: '', environment: {} };

test('what is missing is made at first start, shown or told once, and found again', async ({
  stage,
}) => {
  const { url: databaseUrl } = await makeDatabase(stage, cluster());
  const server = await createServer(stage, { databaseUrl, secrets: NONE });
  await server.ready();
  const [token] = await server.process().says(/sat-[\w-]{20,}/);
  const headers = bearer(token);
  expect((await ask(`${server.url}/api/v1/organizations`, { headers })).status).toBe(200);
  for (const name of ['jwt-secret', 'sagewai-encryption-key']) {
    const { mode } = await stat(join(stage.folder, 'server-home', 'secrets', name));
    expect(mode & 0o777).toBe(0o600);
  }

  await server.stop();
  server.start();
  await server.ready();
  expect((await ask(`${server.url}/api/v1/organizations`, { headers })).status).toBe(200);
  expect(server.process().text()).not.toMatch(/sat-[\w-]{20,}/);
});

test('a replica with another key refuses to start, and so does one with a weak secret', async ({
  stage,
}) => {
  const { url: databaseUrl } = await makeDatabase(stage, cluster());
  const secrets = makeSecrets();
  const first = await createServer(stage, { databaseUrl, secrets });
  await first.ready();

  const { SAGEWAI_ENCRYPTION_KEY: _, ...same } = secrets.environment;
  const { SAGEWAI_ENCRYPTION_KEY: otherKey } = makeSecrets().environment;
  const environment = { ...same, SAGEWAI_ENCRYPTION_KEY: otherKey };
  const other = await createServer(stage, {
    databaseUrl,
    secrets: { ...secrets, environment },
    name: 'another key',
  });
  expect((await other.process().ended).code).toBe(1);
  expect(other.process().text()).toContain('SAGEWAI_ENCRYPTION_KEY');
  expect(other.process().text()).not.toContain(otherKey);

  const weak = await createServer(stage, {
    databaseUrl,
    secrets: { ...secrets, environment: { ...secrets.environment, JWT_SECRET: 'changeme' } },
    name: 'weak secret',
  });
  expect((await weak.process().ended).code).toBe(2);
  expect(weak.process().text()).toContain('JWT_SECRET');
  expect(weak.process().text()).not.toContain('changeme');
});

test('all mistakes of a configuration are told at once, and none of its values', async ({
  stage,
}) => {
  const server = startSagewai(stage, ['server'], {
    environment: {
      DATABASE_URL: 'mysql://root:hunter2@db/x',
      PORT: 'eight',
      SAGEWAI_HOME: stage.folder,
    },
  });
  expect((await server.ended).code).toBe(2);
  expect(server.text()).toContain('DATABASE_URL');
  expect(server.text()).toContain('PORT');
  expect(server.text()).not.toContain('hunter2');
});
