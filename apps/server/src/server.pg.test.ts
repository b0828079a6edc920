import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { ensureOrganization } from '@sagewai/identity';
import { type Db, sql } from '@sagewai/postgres';
import { databaseTest, tempHome } from '@sagewai/testing';
import { ENDPOINTS } from '@sagewai/wire';
import { expect } from 'vitest';

import { SEALED_COLUMNS } from './encryption/sealed-columns.sql.ts';
import { startServed } from './served-fixture.ts';
import type { Server } from './server.ts';

const adminToken = `sat-${randomBytes(32).toString('base64url')}`;
const asAdmin = { authorization: `Bearer ${adminToken}` };

type Start = (settings?: Readonly<Record<string, string>>) => Promise<Server>;

const test = databaseTest.extend<{ start: Start }>({
  start: async ({ url }, use) => {
    await using home = await tempHome();
    const stops: (() => Promise<void>)[] = [];
    await use(async (settings = {}) => {
      const place = { url, home: home.path, token: adminToken };
      const { server, databases, stop } = await startServed({ ...place, settings });
      stops.push(stop);
      await ensureOrganization(databases.request, { name: 'acme', actor: 'server' });
      return server;
    });
    for (const stop of stops) await stop();
  },
});

test('tells everybody that it lives, and only a token what it stands on', async ({ start }) => {
  const { app } = await start();
  const alive = await app.inject('/api/v1/health');
  expect(alive.json()).toEqual({ status: 'ok', service: 'sagewai', version: '0.0.0-test' });
  expect((await app.inject('/readyz')).statusCode).toBe(200);
  expect((await app.inject('/api/v1/admin/health')).json()).toEqual({ status: 'ok' });
  const told = await app.inject({ url: '/api/v1/admin/health', headers: asAdmin });
  expect(told.json()).toMatchObject({
    status: 'ok',
    version: '0.0.0-test',
    dependencies: [
      { name: 'postgresql', state: 'up', version: expect.stringMatching(/^1\d/), detail: null },
      { name: 'objects (files)', state: 'up', version: null, detail: null },
    ],
  });
});

test('serves every endpoint of the contract, and describes it', async ({ start }) => {
  const { app } = await start();
  const { paths } = (await app.inject('/openapi.json')).json() as {
    paths: Record<string, Record<string, { operationId: string }>>;
  };
  const served = Object.values(paths).flatMap((methods) =>
    Object.values(methods).map(({ operationId }) => operationId),
  );
  const missing = ENDPOINTS.map(({ id }) => id).filter((id) => !served.includes(id));
  expect(missing).toEqual([]);
});

test('tells an administrator of the platform under which keys rows stand, and nobody else', async ({
  start,
}) => {
  const { app } = await start();
  const at = '/api/v1/encryption';
  const told = await app.inject({ url: at, headers: asAdmin });
  expect(told.statusCode).toBe(200);
  expect(told.json()).toHaveProperty('columns.length', SEALED_COLUMNS.length);
  const moved = await app.inject({ method: 'POST', url: `${at}/rotate`, headers: asAdmin });
  expect([moved.statusCode, moved.json().code]).toEqual([409, 'state.conflict']);
  const made = await app.inject({
    method: 'POST',
    url: '/api/v1/tokens',
    headers: asAdmin,
    payload: { name: 't', scopes: ['admin'] },
  });
  const own = { authorization: `Bearer ${made.json().token}` };
  expect((await app.inject({ url: at, headers: own })).statusCode).toBe(403);
});

/** Ends the connections of all who are no superuser, and lets none of them in again. */
async function shutOut(owner: Db): Promise<void> {
  await sql`
    do $$ begin
      execute format('alter database %I connection limit 0', current_database());
    end $$
  `.execute(owner);
  await sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
  `.execute(owner);
}

async function letIn(owner: Db): Promise<void> {
  await sql`
    do $$ begin
      execute format('alter database %I connection limit -1', current_database());
    end $$
  `.execute(owner);
}

test('lives, and is not ready, while its database is away; then is again by itself', async ({
  start,
  owner,
}) => {
  const { app } = await start();
  await shutOut(owner);
  expect((await app.inject('/api/v1/health')).statusCode).toBe(200);
  const unready = await app.inject('/readyz');
  expect(unready.statusCode).toBe(503);
  expect(unready.json()).toMatchObject({ code: 'service.unavailable' });
  expect((await app.inject('/api/v1/admin/health')).json()).toEqual({ status: 'degraded' });
  await letIn(owner);
  expect((await app.inject('/readyz')).statusCode).toBe(200);
});

test('metrics are for this machine, for tokens, or for everybody when that is said', async ({
  start,
}) => {
  const { app } = await start();
  const from = async (remoteAddress: string, headers = {}): Promise<number> =>
    (await app.inject({ url: '/metrics', remoteAddress, headers })).statusCode;
  expect(await from('127.0.0.1')).toBe(200);
  expect(await from('::ffff:127.0.0.1')).toBe(200);
  expect(await from('10.1.2.3')).toBe(401);
  expect(await from('10.1.2.3', asAdmin)).toBe(200);
  // A proxy on this machine passes on what comes from anywhere.
  expect(await from('127.0.0.1', { 'x-forwarded-for': '10.1.2.3' })).toBe(401);
  const open = await start({ METRICS_PUBLIC: 'true' });
  const answer = await open.app.inject({ url: '/metrics', remoteAddress: '10.1.2.3' });
  expect(answer.statusCode).toBe(200);
  for (const name of ['sagewai_pending_runs', 'sagewai_worker_load', 'sagewai_run_duration']) {
    expect(answer.body).toContain(`# TYPE ${name} `);
  }
});

test('serves the planes it is told to; callers are known all the same', async ({ start }) => {
  const { app } = await start({ PLANES: 'gateway,ledger' });
  const at = async (url: string): Promise<number> =>
    (await app.inject({ url, headers: asAdmin })).statusCode;
  expect(await at('/v1/models')).toBe(200);
  expect(await at('/api/v1/runs')).toBe(404);
  expect(await at('/api/v1/audit')).toBe(404);
  expect(await at('/readyz')).toBe(200);
});

test('only a server on loopback lets workers register without any credential', async ({
  start,
}) => {
  const register = async (settings: Readonly<Record<string, string>>): Promise<number> => {
    const { app } = await start(settings);
    const payload = { name: 'a-worker', pool: 'default', models: ['simulated'] };
    const request = { method: 'POST', url: '/api/v1/fleet/register', payload } as const;
    return (await app.inject(request)).statusCode;
  };
  expect(await register({ HOST: '0.0.0.0' })).toBe(401);
  expect(await register({ HOST: '127.0.0.1' })).toBeLessThan(300);
});

test('a run that leaves its model to its complexity gets what its project has', async ({
  start,
}) => {
  const { app } = await start();
  const headers = { ...asAdmin, 'x-organization': 'acme' };
  const ask = async (method: 'PUT' | 'POST' | 'GET', url: string, payload?: object) => {
    const json = payload === undefined ? {} : { payload: JSON.stringify(payload) };
    const type = { 'content-type': 'application/json' };
    const answer = await app.inject({ method, url, headers: { ...headers, ...type }, ...json });
    return { status: answer.statusCode, body: answer.json() as Record<string, unknown> };
  };
  const tiers = '/api/v1/projects/default/model-tiers';
  const run = { payload: { message: 'Hi' }, model: 'auto', pool: 'auto' };
  expect((await ask('POST', '/api/v1/runs', run)).status).toBe(400);
  const large = { model: 'large', pool: null };
  const small = { model: 'small', pool: 'edge' };
  const set = await ask('PUT', tiers, { simple: small, complex: { model: 'large' } });
  expect(set).toMatchObject({ status: 200, body: { simple: small, medium: null, complex: large } });
  expect((await ask('GET', tiers)).body).toEqual(set.body);
  expect((await ask('PUT', tiers, { simple: { model: 'auto' } })).status).toBe(400);
  const classify = '/api/v1/harness/test-classify';
  const seems = await ask('POST', classify, { messages: [{ role: 'user', content: 'Hi' }] });
  expect(seems.body).toMatchObject({ tier: 'simple', score: 5, model: 'small', pool: 'edge' });
  expect((await ask('POST', '/api/v1/runs', run)).body).toMatchObject(small);
  const message = `Design and migrate the architecture: ${'audit, plan, review. '.repeat(60)}`;
  const hard = await ask('POST', '/api/v1/runs', { ...run, payload: { message } });
  expect(hard.body).toMatchObject({ model: 'large', pool: 'default' });
});

test('a changed models file counts without a restart, and a broken one changes nothing', async ({
  start,
}) => {
  await using folder = await tempHome();
  const file = join(folder.path, 'litellm-config.yaml');
  const listOf = (names: readonly string[]): string =>
    JSON.stringify({
      model_list: names.map((name) => ({
        model_name: name,
        litellm_params: { model: 'openai/gpt-4o', api_base: 'http://127.0.0.1:9/v1' },
      })),
      router_settings: { fallbacks: [{ [names[0] ?? '']: [names.at(-1)] }] },
    });
  await writeFile(file, listOf(['a', 'b']));
  const { app, metrics } = await start({ SAGEWAI_CONFIG: file, MODELS_FILE_INTERVAL: '100ms' });
  const route = async (model: string) => {
    const url = `/api/v1/model-route?model=${model}`;
    const headers = { ...asAdmin, 'x-organization': 'acme' };
    const answer = await app.inject({ url, headers });
    return { status: answer.statusCode, body: answer.json() as Record<string, unknown> };
  };
  expect(await route('a')).toMatchObject({ status: 200, body: { fallbacks: { generic: ['b'] } } });
  expect((await route('c')).status).toBe(404);
  await writeFile(file, listOf(['a', 'c']));
  await expect.poll(async () => (await route('c')).status, { timeout: 20_000 }).toBe(200);
  expect((await route('b')).status).toBe(404);
  expect(await route('a')).toMatchObject({ body: { fallbacks: { generic: ['c'] } } });
  await writeFile(file, 'model_list: [{model_name: d}]');
  await expect
    .poll(() => metrics.render(), { timeout: 20_000 })
    .toContain('sagewai_models_file_loads_total{outcome="refused"} 1');
  expect((await route('c')).status).toBe(200);
});
