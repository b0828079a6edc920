import { expect } from 'vitest';

import { ask, bearer } from '../harness/api.ts';
import { query, startPostgres } from '../harness/database.ts';
import { cluster, test } from '../harness/e2e-test.ts';
import { chat, install, makeKey } from '../harness/installation.ts';
import { createServer } from '../harness/server.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { makeEnrollmentKey, startWorker } from '../harness/worker.ts';

const MODELS = [{ name: 'scripted', inputPrice: 0.000_001, outputPrice: 0.000_002 }];

test('a server waits for a PostgreSQL that is not up yet, and says so once', async ({ stage }) => {
  const before = await startPostgres(stage);
  const { url } = before;
  await before.stop();
  const server = await createServer(stage, { databaseUrl: url });
  await server.process().says(/wait/i);
  expect(await server.isReady()).toBe(false);
  const after = await startPostgres(stage);
  expect(after.url).toBe(url);
  await server.ready();
  expect(
    server
      .process()
      .text()
      .match(/waiting for it/g),
  ).toHaveLength(1);
});

test('a worker waits for a server that is not up yet, and then works', async ({ stage }) => {
  const { server } = await install(stage, cluster(), { models: MODELS });
  const enrollmentKey = await makeEnrollmentKey(server);
  await server.stop();
  const worker = startWorker(stage, {
    url: server.url,
    name: 'early',
    enrollmentKey,
    models: ['scripted'],
  });
  await worker.says(/waiting for the server/);
  server.start();
  await server.ready();
  await worker.says(/session \d+/);
  const { id } = await server.askWell('/api/v1/runs', {
    body: {
      model: 'scripted',
      payload: { agent: { name: 'a', model: 'scripted' }, message: 'Hi' },
    },
  });
  const run = await waitUntil(
    async () => {
      const one = await server.askWell(`/api/v1/runs/${id}?wait_ms=5000`);
      return ['completed', 'failed'].includes(one.state) ? one : null;
    },
    { otherwise: 'the run does not end' },
  );
  expect(run.state).toBe('completed');
});

test('while PostgreSQL is away a server lives but is not ready; every surface says so in its way', async ({
  stage,
}) => {
  const first = await startPostgres(stage);
  const database = { url: first.url, adminUrl: first.adminUrl };
  const { server } = await install(stage, null, { models: MODELS, database });
  const { key } = await makeKey(server);
  expect((await chat(server.url, key, { model: 'scripted', max_tokens: 5 })).status).toBe(200);
  await first.stop();

  expect((await ask(`${server.url}/api/v1/health`)).status).toBe(200);
  expect((await ask(`${server.url}/readyz`)).status).toBe(503);
  const open = await ask(`${server.url}/api/v1/admin/health`);
  expect(open.json).toEqual({ status: 'degraded' });
  const own = await server.ask('/api/v1/runs');
  expect([own.status, own.json.code]).toEqual([503, 'service.unavailable']);
  const fleet = await ask(`${server.url}/api/v1/fleet/register`, {
    headers: { 'x-enrollment-key': 'sk-fleet-x' },
    body: { name: 'w' },
  });
  expect([fleet.status, fleet.json.code]).toEqual([503, 'service.unavailable']);
  const call = await chat(server.url, key, { model: 'scripted', max_tokens: 5 });
  expect(call.status).toBe(503);
  expect(call.json.error).toMatchObject({ message: expect.any(String), type: expect.any(String) });

  await startPostgres(stage);
  await server.ready();
  expect((await chat(server.url, key, { model: 'scripted', max_tokens: 5 })).status).toBe(200);
  expect(server.process().hasEnded()).toBe(false);
});

test('PostgreSQL is restarted under load: what was acknowledged is there, and all goes on', async ({
  stage,
}) => {
  const postgres = await startPostgres(stage);
  const { url, adminUrl } = postgres;
  const { server } = await install(stage, null, { models: MODELS, database: { url, adminUrl } });
  const { key } = await makeKey(server);
  const runs: string[] = [];
  const calls: string[] = [];
  let refused = 0;
  const statuses = new Set<number>();
  const over = new AbortController();

  const load = async (n: number): Promise<void> => {
    while (!over.signal.aborted) {
      const isRun = n % 2 === 0;
      const answer = isRun
        ? await ask(`${server.url}/api/v1/runs`, {
            headers: bearer(server.administrator),
            body: { payload: { n } },
          })
        : await chat(server.url, key, { model: 'scripted', max_tokens: 5 });
      statuses.add(answer.status);
      if (answer.status >= 500) refused += 1;
      else if (isRun) runs.push(answer.json.id as string);
      else calls.push(answer.headers.get('x-litellm-call-id') ?? '');
    }
  };
  const clients = Promise.all(Array.from({ length: 12 }, (_, n) => load(n)));
  const goesOn = async (): Promise<void> => {
    const [ran, called] = [runs.length, calls.length];
    await waitUntil(() => runs.length > ran + 20 && calls.length > called + 20, {
      otherwise: () => `the load does not go on:\n${stage.logs()}`,
    });
  };
  try {
    for (let time = 0; time < 2; time += 1) {
      await goesOn();
      process.kill(postgres.pid, 'SIGQUIT');
      expect((await ask(`${server.url}/api/v1/health`)).status).toBe(200);
    }
    await goesOn();
  } finally {
    over.abort();
    await clients;
  }
  expect(refused).toBeGreaterThan(0);
  expect([...statuses].filter((status) => ![200, 201, 503].includes(status))).toEqual([]);
  const [kept] = await query<{ runs: number; calls: number }>(
    adminUrl,
    `select (select count(*)::int from run where run_id = any($1)) as runs,
            (select count(*)::int from spend where id = any($2)) as calls`,
    [runs, calls],
  );
  expect(kept).toEqual({ runs: runs.length, calls: calls.length });
});
