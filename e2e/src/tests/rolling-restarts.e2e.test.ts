import { setTimeout as pause } from 'node:timers/promises';

import { createClient } from '@sagewai/sdk';
import OpenAI from 'openai';
import { expect } from 'vitest';

import { query } from '../harness/database.ts';
import { cluster, test } from '../harness/e2e-test.ts';
import { install, makeKey } from '../harness/installation.ts';
import type { Running } from '../harness/process.ts';
import { startRoundRobin } from '../harness/round-robin.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { makeEnrollmentKey, startWorker } from '../harness/worker.ts';

const MODEL = { name: 'scripted', inputPrice: 0.000_001, outputPrice: 0.000_002 };
const ROUNDS = 2;

test('servers and workers are restarted one after another under load: no run is lost or doubled, no request fails', async ({
  stage,
}) => {
  const { servers, server, database, secrets } = await install(stage, cluster(), {
    models: [MODEL],
    servers: 2,
    environment: { JOB_INTERVAL: '500ms', WORKER_HEARTBEAT_INTERVAL: '1s' },
  });
  const { url } = await startRoundRobin(
    stage,
    servers.map(({ port }) => port),
  );
  const enrollmentKey = await makeEnrollmentKey(server);
  const { key } = await makeKey(server);
  const begin = (name: string): Running =>
    startWorker(stage, {
      url,
      name,
      enrollmentKey,
      models: [MODEL.name],
      environment: { HEARTBEAT_INTERVAL: '1s', MAX_CONCURRENT: '4' },
    });
  const workers = new Map(['one', 'two'].map((name) => [name, begin(name)]));
  await Promise.all([...workers.values()].map((worker) => worker.says(/session \d+/)));

  const stop = new AbortController();
  const failures: unknown[] = [];
  const submitted: string[] = [];
  const client = createClient({ url, token: secrets.administrator });
  const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 6 });
  const tally = { calls: 0, reads: 0 };
  const again = async (step: () => Promise<unknown>): Promise<void> => {
    while (!stop.signal.aborted) {
      await step().catch((error: unknown) => failures.push(error));
      await pause(30);
    }
  };
  const submit = async (): Promise<void> => {
    const payload = { agent: { model: MODEL.name }, message: 'Say yes.' };
    const { id } = await client.submitRun({ model: MODEL.name, payload });
    submitted.push(id);
  };
  const callModel = async (): Promise<void> => {
    const messages = [{ role: 'user' as const, content: 'Say yes.' }];
    const { choices } = await openai.chat.completions.create({ model: MODEL.name, messages });
    expect(choices[0]?.message.content).toBe('Yes.');
    tally.calls += 1;
  };
  const read = async (): Promise<void> => {
    await client.call('runs.listRuns', { query: { limit: 5 } });
    tally.reads += 1;
  };
  const load = [submit, submit, callModel, read].map(again);

  /** The load went on since then, through whoever is there. */
  const passes = async (): Promise<void> => {
    const before = { runs: submitted.length, ...tally };
    await waitUntil(
      () =>
        submitted.length > before.runs + 5 &&
        tally.calls > before.calls &&
        tally.reads > before.reads,
      { otherwise: () => `nothing passes any more: ${JSON.stringify(failures.map(String))}` },
    );
  };
  await passes();
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const each of servers) {
      expect(await each.stop()).toMatchObject({ code: 0 });
      await passes();
      each.start();
      await each.ready();
    }
  }
  for (const [name, worker] of workers) {
    expect(await worker.stop()).toMatchObject({ code: 0 });
    workers.set(name, begin(name));
    await workers.get(name)?.says(/session \d+/);
  }
  await passes();
  stop.abort();
  await Promise.all(load);

  expect(failures).toEqual([]);
  const count = async (text: string): Promise<number> =>
    Number((await query<{ n: string }>(database.adminUrl, text))[0]?.n);
  await waitUntil(
    async () => (await count('select count(*) as n from outcome')) >= submitted.length,
    {
      msMax: 30_000,
      otherwise: () => `runs are lost; ${submitted.length} were submitted\n${stage.logs()}`,
    },
  );
  expect(new Set(submitted).size).toBe(submitted.length);
  // What was acknowledged is there, once: nothing was stored twice, and nothing had two ends.
  expect(await count('select count(*) as n from run')).toBe(submitted.length);
  expect(await count('select count(*) as n from outcome')).toBe(submitted.length);
  expect(await count(`select count(*) as n from outcome where status <> 'completed'`)).toBe(0);
  const counted = 'select count(*) as n from outcome where attempt > 1';
  expect(await count(counted)).toBe(0);
}, 120_000);
