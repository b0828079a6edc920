import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';

import { systemClock } from '@sagewai/clock';
import { createPublicEgress } from '@sagewai/egress';
import { type App, type Caller, createApp, createAuthenticator } from '@sagewai/http';
import { readDue } from '@sagewai/jobs';
import { silentLog } from '@sagewai/log';
import { sql } from '@sagewai/postgres';
import { createMetrics } from '@sagewai/telemetry';
import { databaseTest } from '@sagewai/testing';
import { createAuditor } from '@sagewai/trust';
import { expect, onTestFinished } from 'vitest';

import { servedDue } from './due.sql.ts';
import { type Engine, originOf } from './engine.ts';
import { failOrphans, listEngineRows, noteDecided } from './engines.sql.ts';
import { createEngines, type Engines, type EnginesOptions } from './engines.ts';

const PROGRAM = resolve(import.meta.dirname, 'engine-fixture.mjs');
const COMMAND = `fake=${process.execPath} ${PROGRAM} {port} {model}`;

interface Replica {
  readonly engines: Engines;
  readonly served: (readonly Engine[])[];
  readonly call: (target: string, body?: object) => Promise<{ status: number; body: Told }>;
  /** All that looks, once. */
  readonly look: () => Promise<void>;
}
type Told = Record<string, unknown> & { engines?: Record<string, unknown>[] };

const test = databaseTest.extend<{ start: (of?: Partial<EnginesOptions>) => Replica }>({
  start: async ({ db }, use) => {
    const closing: (() => Promise<void>)[] = [];
    await use((of = {}) => {
      const egress = createPublicEgress({ privateHosts: ['127.0.0.1'], timeoutMs: 2_000 });
      const served: (readonly Engine[])[] = [];
      const engines = createEngines({
        db,
        clock: systemClock,
        log: silentLog,
        egress,
        environment: { ...process.env, SAGEWAI_SECRET: 'never given' },
        serve: (ready) => void served.push(ready),
        nudge: () => undefined,
        gpus: async () => [],
        ...of,
        settings: { commands: [COMMAND], failuresMax: 1, drainMs: 0, ...of.settings },
      });
      const app: App = createApp({
        routes: engines.routes,
        authenticate: createAuthenticator([{ read: () => PLATFORM }]),
        auditor: createAuditor({ db }),
        db,
        clock: systemClock,
        log: silentLog,
        metrics: createMetrics(),
      });
      closing.push(
        () => engines.close(),
        () => app.close(),
        () => egress.close(),
      );
      return {
        engines,
        served,
        call: async (target, body) => {
          const [method, url = ''] = target.split(' ');
          const answer = await app.inject({
            method: method as 'GET',
            url,
            ...(body === undefined ? {} : { payload: body }),
          });
          return { status: answer.statusCode, body: answer.json() };
        },
        look: async () => {
          for (const { run } of [...engines.jobs, ...engines.serving])
            await run(AbortSignal.timeout(10_000));
        },
      };
    });
    for (const close of closing) await close();
  },
});

const PLATFORM: Caller = {
  kind: 'token',
  id: 'root',
  name: 'root',
  orgId: null,
  projectId: null,
  scopes: new Set(['platform']),
};

const BASE = '/v1/management';
/** A process takes as long to start as the machine is busy. */
const PATIENT = { timeout: 20_000, interval: 50 };

test('an engine is started as a process, served when it answers, and its end is the end of its process', async ({
  start,
}) => {
  const { call, look, served } = start();
  const made = await call(`POST ${BASE}/engines`, { model_id: 'tiny', engine_label: 'one' });
  expect(made.body).toMatchObject({ id: 'one', status: 'STARTING', backend: 'fake' });
  await expect
    .poll(async () => {
      await look();
      return served.at(-1)?.map(({ id }) => id);
    }, PATIENT)
    .toEqual(['one']);
  const { body } = await call(`GET ${BASE}/backends`);
  expect(body).toMatchObject({ healthy_llm_backends: 1, total_embedding_backends: 0 });
  const again = await call(`POST ${BASE}/engines`, { model_id: 'tiny', engine_label: 'one' });
  expect(again.status).toBe(409);

  const { port } = made.body;
  const drained = await call(`DELETE ${BASE}/engines/one?drain=true`);
  expect(drained.body).toEqual({
    engine_id: 'one',
    stopped: false,
    status: 'DRAINING',
    drained: true,
  });
  await look();
  // N1.
  expect(served.at(-1)).toEqual([]);
  await expect(fetch(`http://127.0.0.1:${String(port)}/v1/models`)).rejects.toThrow('fetch failed');
  expect((await call(`GET ${BASE}/engines`)).body.engines).toMatchObject([{ state: 'STOPPED' }]);
  expect((await call(`POST ${BASE}/engines/prune`)).body).toEqual({
    pruned_count: 1,
    status: 'success',
  });
});

test('nothing is looked at where there is no engine, and what is served is compared where it is kept', async ({
  start,
  db,
}) => {
  const { engines, call, look, served } = start();
  const due = (): Promise<(number | null)[]> =>
    readDue(
      db,
      [...engines.jobs, ...engines.serving].flatMap((each) => each.due?.inMs() ?? []),
    );
  expect(await due()).toEqual([null, null, null]);
  await call(`POST ${BASE}/engines`, { model_id: 'tiny', engine_label: 'one' });
  expect((await due()).slice(0, 2)).toEqual([0, 0]);
  await expect
    .poll(async () => {
      await look();
      return served.at(-1)?.length;
    }, PATIENT)
    .toBe(1);
  expect(await due()).toEqual([0, 0, null]);
  // Who serves none, as a server that has just started, has one to serve.
  expect(await readDue(db, [servedDue([])])).toEqual([0]);
  await sql`update engine set model = 'other'`.execute(db);
  expect((await due())[2]).toBe(0);
  await sql`delete from engine`.execute(db);
  // Its process is still to be ended (N6), and it is served no more.
  expect(await due()).toEqual([0, null, 0]);
  await look();
  expect(await due()).toEqual([null, null, null]);
});

test('one that is forgotten before anybody has looked ends all the same, and so does one whose id is taken (N6)', async ({
  start,
}) => {
  const { call, look } = start();
  const begin = async (): Promise<string> => {
    const { body } = await call(`POST ${BASE}/engines`, { model_id: 'tiny', engine_label: 'one' });
    return `http://127.0.0.1:${String(body['port'])}/v1/models`;
  };
  const answers = (url: string) => () =>
    fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
  const first = await begin();
  await expect.poll(answers(first), PATIENT).toBe(true);
  await call(`DELETE ${BASE}/engines/one`);
  const second = await begin();
  await expect.poll(answers(first), PATIENT).toBe(false);
  await expect.poll(answers(second), PATIENT).toBe(true);

  await call(`DELETE ${BASE}/engines/one`);
  expect((await call(`POST ${BASE}/engines/prune`)).body).toMatchObject({ pruned_count: 1 });
  await look();
  expect(await answers(second)()).toBe(false);
});

test('one whose process dies is started again, and after the third time it is in error (N3)', async ({
  start,
  db,
}) => {
  const { call, look, served } = start();
  const { body } = await call(`POST ${BASE}/engines`, { model_id: 'tiny', engine_label: 'one' });
  const stateOf = async (): Promise<unknown> => {
    await look();
    const [engine] = (await call(`GET ${BASE}/engines`)).body.engines ?? [];
    return `${String(engine?.['state'])} ${String(engine?.['restarts'])}`;
  };
  expect(body).toMatchObject({ state: 'STARTING' });
  for (const restarts of [0, 1, 2, 3]) {
    await expect.poll(stateOf, PATIENT).toBe(`READY ${restarts}`);
    const [engine] = await listEngineRows(db);
    await fetch(`http://127.0.0.1:${engine?.port}/die`).catch(() => undefined);
  }
  await expect.poll(stateOf, PATIENT).toBe('ERROR 3');
  expect(served.at(-1)).toEqual([]);
});

test('an engine at an IPv6 address is reached, and one that others reach by a name of elsewhere is started', async ({
  start,
}) => {
  const server = createServer((_, reply) => void reply.end('{}'));
  await new Promise<void>((resolve) => void server.listen(0, '::1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const egress = createPublicEgress({ privateHosts: ['::1'], timeoutMs: 2_000 });
  onTestFinished(() => egress.close());
  const { call, look, served } = start({ egress });
  await call(`POST ${BASE}/engines/register`, {
    engine_id: 'six',
    model_id: 'tiny',
    host: '::1',
    port,
  });
  await look();
  expect(served.at(-1)?.map(originOf)).toEqual([`http://[::1]:${port}`]);
  const { body } = await call(`GET ${BASE}/backends`);
  expect(body).toMatchObject({ llm_backends: [{ base_url: `http://[::1]:${port}/v1` }] });

  const elsewhere = start({ settings: { host: '192.0.2.7' } });
  const made = await elsewhere.call(`POST ${BASE}/engines`, { model_id: 'tiny' });
  expect([made.status, made.body['host']]).toEqual([200, '192.0.2.7']);
});

test('what a look has decided does not undo what was decided meanwhile (N5)', async ({
  start,
  db,
}) => {
  const { call } = start();
  await call(`POST ${BASE}/engines`, { model_id: 'tiny', engine_label: 'one' });
  const [seen] = await listEngineRows(db);
  if (seen === undefined) throw new Error('it was not started');
  await call(`DELETE ${BASE}/engines/one`);
  const ready = { state: 'READY', failures: 0, restarts: 0, problem: null, act: 'none' } as const;
  expect(await noteDecided(db, seen, { decided: ready, answers: true, port: 1 })).toBe(false);
  expect(await listEngineRows(db)).toMatchObject([{ state: 'STOPPED' }]);
});

test('what is not allowed is not started', async ({ start }) => {
  const { call } = start();
  const other = await call(`POST ${BASE}/engines`, { model_id: 'tiny', backend: 'bash' });
  expect([other.status, other.body['detail']]).toEqual([400, expect.stringContaining('fake')]);
  const flag = await call(`POST ${BASE}/engines`, { model_id: '--trust-remote-code' });
  expect(flag.status).toBe(400);
  const gpu = await call(`POST ${BASE}/engines`, { model_id: 'tiny', use_gpu: true });
  expect([gpu.status, gpu.body['detail']]).toEqual([409, expect.stringContaining('no GPU')]);
  expect((await call(`GET ${BASE}/engines`)).body).toEqual({ engines: [], count: 0 });
});

test('memory of a GPU is promised once, by the server that has it', async ({ start }) => {
  const card = { index: 0, name: 'A', memory_total_mb: 24_576, utilization_percent: 0 };
  const { call } = start({ gpus: async () => [{ ...card, memory_used_mb: 1_024 }] });
  const asked = { model_id: 'tiny', required_memory_gb: 16, use_gpu: true };
  const answers = await Promise.all(
    ['a', 'b', 'c'].map((label) => call(`POST ${BASE}/engines`, { ...asked, engine_label: label })),
  );
  const [made, ...refused] = answers.toSorted((one, other) => one.status - other.status);
  expect(made?.status).toBe(200);
  for (const { status, body } of refused) {
    expect([status, body['detail']]).toEqual([409, expect.stringContaining('8.0 GB')]);
  }
  const { body } = await call(`GET ${BASE}/status`);
  expect(body['resource_reservations']).toEqual({ [String(made?.body['id'])]: 16 });
  const other = start({ gpus: async () => [{ ...card, memory_used_mb: 1_024 }] });
  const elsewhere = await other.call(`POST ${BASE}/engines`, { ...asked, engine_label: 'd' });
  expect(elsewhere.status).toBe(200);
});

test('a registered engine is served while it answers; its address must be one that may be called', async ({
  start,
  db,
}) => {
  const { call, look, served } = start();
  const { body } = await call(`POST ${BASE}/engines`, { model_id: 'tiny', engine_label: 'own' });
  const register = (host: string, id = 'other') =>
    call(`POST ${BASE}/engines/register`, {
      engine_id: id,
      model_id: 'tiny',
      host,
      port: body['port'],
    });
  expect((await register('10.0.0.9')).status).toBe(400);
  expect((await register('169.254.169.254')).status).toBe(400);
  expect((await register('127.0.0.1')).body).toMatchObject({ origin: 'registered' });
  await expect
    .poll(async () => {
      await look();
      return served.at(-1)?.length;
    }, PATIENT)
    .toBe(2);
  await fetch(`http://127.0.0.1:${String(body['port'])}/die`).catch(() => undefined);
  await look();
  const other = (await listEngineRows(db)).find(({ id }) => id === 'other');
  expect(other).toMatchObject({ state: 'ERROR', problem: expect.stringContaining('not answer') });
  // Stopped, it does not come back by answering again.
  const stopped = await call(`DELETE ${BASE}/engines/other?drain=true`);
  expect(stopped.body).toMatchObject({ stopped: true, status: 'STOPPED' });
  await look();
  const still = (await listEngineRows(db)).find(({ id }) => id === 'other');
  expect(still).toMatchObject({ state: 'STOPPED' });
});

test('engines of a server that is gone are in error, and of one that stops they are stopped (N4)', async ({
  start,
  db,
}) => {
  const first = start();
  await first.call(`POST ${BASE}/engines`, { model_id: 'tiny', engine_label: 'one' });
  const second = start();
  await second.look();
  expect(await listEngineRows(db)).toMatchObject([{ state: 'STARTING' }]);
  await sql`update engine set seen_at = app_now() - interval '1 hour'`.execute(db);
  expect(await failOrphans(db, 60_000)).toEqual(['one']);
  await second.call(`POST ${BASE}/engines`, { model_id: 'tiny', engine_label: 'two' });
  await second.engines.close();
  const two = (await listEngineRows(db)).find(({ id }) => id === 'two');
  expect(two).toMatchObject({ state: 'STOPPED' });
});
