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

test('a database behind a half-open connection: what waits ends when the connection does, and all goes on', async ({
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
