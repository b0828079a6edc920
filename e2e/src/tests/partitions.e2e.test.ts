import { randomUUID } from 'node:crypto';

import { expect } from 'vitest';

import { ask, askWell, bearer } from '../harness/api.ts';
import { makeDatabase } from '../harness/database.ts';
import { cluster, test } from '../harness/e2e-test.ts';
import { install } from '../harness/installation.ts';
import { createServer } from '../harness/server.ts';
import { startTcpProxy, targetOf, throughProxy } from '../harness/tcp-proxy.ts';
import { makeEnrollmentKey } from '../harness/worker.ts';

const MODELS = [{ name: 'scripted' }];

test('replicas that do not hear each other still give a run out, and nothing to who was revoked', async ({
  stage,
}) => {
  const database = await makeDatabase(stage, cluster());
  const { server: here, secrets } = await install(stage, null, { models: MODELS, database });
  const proxy = await startTcpProxy(stage, targetOf(database.url));
  const there = await createServer(stage, {
    databaseUrl: throughProxy(database.url, proxy),
    secrets,
    name: 'there',
  });
  await there.ready();
  const enrollmentKey = await makeEnrollmentKey(here);
  const enroll = (name: string) =>
    askWell(`${there.url}/api/v1/fleet/register`, {
      headers: { 'x-enrollment-key': enrollmentKey },
      body: { name },
    });
  const [good, bad] = [await enroll('good'), await enroll('bad')];
  // What it is told by others comes over connections that listen.
  proxy.freeze((sent) => /\blisten "/i.test(sent));

  const poll = (token: string) =>
    ask(`${there.url}/api/v1/fleet/claim`, {
      headers: bearer(token),
      body: { slots: 1, poll_timeout: 30, poll_id: randomUUID() },
    });
  const revoked = poll(bad.token as string);
  await here.askWell(`/api/v1/fleet/workers/${bad.worker_id}/revoke`, { method: 'POST' });
  const waiting = poll(good.token as string);
  const { id } = await here.askWell('/api/v1/runs', { body: { payload: {} } });
  expect((await waiting).json.leases).toMatchObject([{ run_id: id }]);
  const refused = await revoked;
  expect(refused.json.leases ?? []).toEqual([]);
});

test('a half-open connection to the database: requests are told in time, and all goes on when it heals', async ({
  stage,
}) => {
  const database = await makeDatabase(stage, cluster());
  const proxy = await startTcpProxy(stage, targetOf(database.url));
  const { server, secrets } = await install(stage, null, {
    models: MODELS,
    database: { url: throughProxy(database.url, proxy), adminUrl: database.adminUrl },
    environment: { DATABASE_TIMEOUT: '1s', NEWS_CHECK_INTERVAL: '500ms' },
  });
  const submit = (name: string) => server.ask('/api/v1/runs', { body: { payload: { name } } });
  const submitted = await submit('before');
  expect(submitted.status).toBe(201);
  const worker = await askWell(`${server.url}/api/v1/fleet/register`, {
    headers: { 'x-enrollment-key': await makeEnrollmentKey(server) },
    body: { name: 'here' },
  });

  // Nothing passes any more, and neither side is told.
  proxy.freeze();
  const answers = await Promise.all(Array.from({ length: 30 }, (_, n) => submit(`lost ${n}`)));
  for (const { status, headers, json } of answers) {
    expect(status).toBe(503);
    expect(['service.unavailable', 'service.busy']).toContain(json.code);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  }
  expect(answers.map(({ json }) => json.code)).toContain('service.unavailable');
  // Who asks cannot be known, so it is told as much as anybody.
  const health = await server.ask('/api/v1/admin/health');
  expect(health).toMatchObject({ status: 200, json: { status: 'degraded' } });
  expect(health.json.dependencies).toBeUndefined();

  // What was sent before may still arrive, late: on connections that nobody listens to.
  proxy.thaw();
  await server.ready();
  const runs = await Promise.all(
    Array.from({ length: 20 }, async (_, n) => {
      const { json } = await submit(`after ${n}`);
      return { name: `after ${n}`, id: json.id as string };
    }),
  );
  for (const { id, name } of runs) {
    const read = await server.askWell(`/api/v1/runs/${id}`);
    expect(read).toMatchObject({ id, payload: { name } });
  }
  expect((await server.ask('/api/v1/admin/health')).json.dependencies).toMatchObject([
    { name: 'postgresql', state: 'up' },
    {},
  ]);

  // It hears the other replica again: a worker is refused as soon as it is decided there.
  const there = await createServer(stage, { databaseUrl: database.url, secrets, name: 'there' });
  await there.ready();
  const beat = () =>
    ask(`${server.url}/api/v1/fleet/heartbeat`, { headers: bearer(worker.token), body: {} });
  expect((await beat()).status).toBe(200);
  const poll = ask(`${server.url}/api/v1/fleet/claim`, {
    headers: bearer(worker.token),
    body: { slots: 1, poll_timeout: 60, poll_id: randomUUID(), pool: 'none' },
  });
  await there.askWell(`/api/v1/fleet/workers/${worker.worker_id}/revoke`, { method: 'POST' });
  await poll;
  expect((await beat()).json.code).toBe('worker.revoked');
});

test('a database behind a half-open connection that ends: what waits ends with it, and all goes on', async ({
  stage,
}) => {
  const database = await makeDatabase(stage, cluster());
  const proxy = await startTcpProxy(stage, targetOf(database.url));
  const { server } = await install(stage, null, {
    models: MODELS,
    database: { url: throughProxy(database.url, proxy), adminUrl: database.adminUrl },
  });
  const submit = () => server.ask('/api/v1/runs', { body: { payload: {} } });
  expect((await submit()).status).toBe(201);
  proxy.freeze();
  const waiting = submit();
  expect((await ask(`${server.url}/api/v1/health`)).status).toBe(200);

  proxy.cut();
  proxy.thaw();
  expect((await waiting).status).toBe(503);
  await server.ready();
  expect((await submit()).status).toBe(201);
});
