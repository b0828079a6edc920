import { randomBytes } from 'node:crypto';

import { readConfig } from '@sagewai/config';
import { ensureAdministrator, ensureOrganization } from '@sagewai/identity';
import { silentLog } from '@sagewai/log';
import { fileDatabaseTest, tempHome } from '@sagewai/testing';
import { type DeletionCertificate, verifyDeletion } from '@sagewai/verify';
import { expect } from 'vitest';

import { SERVER_FIELDS } from '../config.ts';
import { configuredStore } from '../object-store.ts';
import { openDatabase } from '../open-database.ts';
import { readModels } from '../read-models.ts';
import { parseServerKeys } from '../server-keys.ts';
import { buildServer } from '../server.ts';

const secret = (): string => randomBytes(32).toString('base64url');
const token = `sat-${secret()}`;

type Call = (
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  url: string,
  of?: { readonly body?: object; readonly as?: string; readonly project?: string },
) => Promise<{ readonly status: number; readonly body: Record<string, unknown> }>;

const test = fileDatabaseTest.extend<{ start: (grace: string) => Promise<Call> }>({
  start: async ({ url }, use) => {
    await using home = await tempHome();
    const stops: (() => Promise<void>)[] = [];
    await use(async (grace) => {
      const config = readConfig(SERVER_FIELDS, {
        environment: {
          DATABASE_URL: url,
          SAGEWAI_HOME: home.path,
          PROJECT_DELETION_GRACE: grace,
          PROJECT_DELETION_RETRY: '100ms',
          JOB_LOOK_INTERVAL: '50ms',
          JOB_IDLE_LOOK_INTERVAL: '50ms',
        },
      });
      const databases = await openDatabase(config, silentLog);
      const models = await readModels(config, {});
      await ensureAdministrator(databases.dispatch, { token });
      await ensureOrganization(databases.request, { name: 'acme', actor: 'server' });
      const server = await buildServer({
        certificate: null,
        config,
        gatewayConfig: models.config,
        databases,
        objects: configuredStore(config),
        keys: parseServerKeys(secret(), secret()),
        version: '0.0.0-test',
        log: silentLog,
        onOutdated: () => undefined,
      });
      stops.push(async () => {
        await server.stop(1_000);
        await databases.close();
      });
      return async (method, path, { body, as = token, project } = {}) => {
        const answer = await server.app.inject({
          method,
          url: path,
          headers: {
            authorization: `Bearer ${as}`,
            ...(project === undefined ? {} : { 'x-project-id': project }),
          },
          ...(body === undefined ? {} : { payload: body }),
        });
        return { status: answer.statusCode, body: answer.json() };
      };
    });
    for (const stop of stops) await stop();
  },
});

const statusOf = async (answer: ReturnType<Call>): Promise<number> => (await answer).status;

test('a project is renamed; default keeps its name, and a taken one is refused', async ({
  start,
}) => {
  const call = await start('1h');
  const made = await call('POST', '/api/v1/projects', { body: { name: 'one' } });
  expect(made.body).toMatchObject({ name: 'one', state: 'active' });
  const rename = (project: string, name: string) =>
    call('PATCH', `/api/v1/projects/${project}`, { body: { name } });
  expect((await rename('one', 'two')).body).toMatchObject({ id: made.body['id'], name: 'two' });
  expect((await rename('two', 'TWO')).body).toMatchObject({ name: 'TWO' });
  expect((await rename('two', 'default')).status).toBe(409);
  expect((await rename('default', 'three')).status).toBe(409);
  expect((await rename('one', 'three')).status).toBe(404);
});

test('of two projects that take one name at once, one has it and the other is told so', async ({
  start,
}) => {
  const call = await start('1h');
  const names = Array.from({ length: 8 }, (_, n) => `p${n}`);
  for (const name of names) await call('POST', '/api/v1/projects', { body: { name } });
  const renamed = await Promise.all(
    names.map((name) => call('PATCH', `/api/v1/projects/${name}`, { body: { name: 'wanted' } })),
  );
  expect(renamed.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(renamed.filter(({ status }) => status === 409)).toHaveLength(7);
});

test('a project that is to be deleted is out of reach at once, and comes back with its keys (P3)', async ({
  start,
}) => {
  const call = await start('1h');
  await call('POST', '/api/v1/projects', { body: { name: 'gone' } });
  const made = await call('POST', '/api/v1/keys', { body: { name: 'k' }, project: 'gone' });
  const key = String(made.body['key']);
  const bound = await call('POST', '/api/v1/tokens', {
    body: { name: 't', scopes: ['read'], project: 'gone' },
  });
  const own = String(bound.body['token']);
  const task = { body: { pool: 'p', payload: {} }, project: 'gone' };
  const run = await call('POST', '/api/v1/runs', task);
  expect(run.status).toBeLessThan(300);
  const models = () => statusOf(call('GET', '/v1/models', { as: key }));
  const reads = () => statusOf(call('GET', '/api/v1/runs', { as: own }));
  expect([await models(), await reads()]).toEqual([200, 200]);

  const at = '/api/v1/projects/gone/deletion';
  expect(await statusOf(call('POST', at, { body: { confirm: 'gon' } }))).toBe(400);
  expect(await statusOf(call('POST', at, { body: { confirm: 'gone' }, as: own }))).toBe(403);
  const begun = await call('POST', at, { body: { confirm: 'gone' } });
  expect(begun).toMatchObject({ status: 202, body: { state: 'waiting', project: 'gone' } });
  await expect.poll(models, { timeout: 2_000 }).toBe(401);
  await expect.poll(reads, { timeout: 2_000 }).toBe(401);
  expect(await statusOf(call('POST', '/api/v1/runs', task))).toBe(404);
  expect((await call('GET', '/api/v1/projects/gone')).body).toMatchObject({ state: 'deleting' });
  expect(await statusOf(call('POST', at, { body: { confirm: 'gone' } }))).toBe(409);

  expect((await call('DELETE', at)).status).toBe(200);
  await expect.poll(models, { timeout: 2_000 }).toBe(200);
  await expect.poll(reads, { timeout: 2_000 }).toBe(200);
  expect(await statusOf(call('DELETE', at))).toBe(404);
  // What waited was cancelled, and stays so.
  const id = String(run.body['id']);
  await expect
    .poll(
      async () => (await call('GET', `/api/v1/runs/${id}`, { project: 'gone' })).body['state'],
      {
        timeout: 5_000,
      },
    )
    .toBe('cancelled');
});

test('a deletion whose grace is over ends with a certificate that an outsider can check (P4)', async ({
  start,
}) => {
  const call = await start('0s');
  await call('POST', '/api/v1/projects', { body: { name: 'end' } });
  await call('POST', '/api/v1/keys', { body: { name: 'k' }, project: 'end' });
  await call('POST', '/api/v1/runs', { body: { pool: 'p', payload: {} }, project: 'end' });
  const at = '/api/v1/projects/end/deletion';
  await call('POST', at, { body: { confirm: 'end' } });
  await expect
    .poll(async () => (await call('GET', at)).body['state'], { timeout: 15_000 })
    .toBe('deleted');
  const { body } = await call('GET', at);
  const certificate = body['certificate'] as DeletionCertificate;
  const verdict = verifyDeletion(certificate);
  expect(verdict).toMatchObject({ kind: 'good', hasEntry: true });
  expect(body['deleted']).toEqual(
    expect.arrayContaining([
      { table: 'run', rows: 1 },
      { table: 'virtual_key', rows: 1 },
    ]),
  );
  expect((await call('GET', '/api/v1/projects/end')).status).toBe(404);
  // The name is free again.
  expect((await call('POST', '/api/v1/projects', { body: { name: 'end' } })).status).toBe(201);
  const { body: told } = await call('GET', '/api/v1/project-deletions');
  expect(told['deletions']).toMatchObject([{ project: 'end', state: 'deleted' }]);
});
