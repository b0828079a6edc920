import { hash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { expect } from 'vitest';

import { ask, bearer } from '../harness/api.ts';
import { cluster, test } from '../harness/e2e-test.ts';
import { install, makeKey } from '../harness/installation.ts';
import type { Server } from '../harness/server.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { makeEnrollmentKey, startWorker } from '../harness/worker.ts';

const HARNESS = resolve(import.meta.dirname, '../harness');
const COMMANDS = `
trainers:
  small:
    command: [${process.execPath}, ${HARNESS}/small-trainer.ts]
    env: [TRAINER_PAUSE_MS]
    base_models: [tiny]
`;
const RECORDS = [
  ['Which city has the canals?', 'Venice'],
  ['Where is the tower of iron?', 'Paris'],
  ['Which city is built on canals and bridges?', 'Venice'],
  ['The tower by the Seine?', 'Paris'],
].map(([prompt, completion]) => ({ prompt, completion }));

interface Output {
  readonly digest: string;
}

/** As an artifact of the project. */
async function sendDataset(server: Server): Promise<string> {
  const text = RECORDS.map((record) => `${JSON.stringify(record)}\n`).join('');
  const body = {
    name: 'cities.jsonl',
    bytes: Buffer.byteLength(text),
    sha256: hash('sha256', text),
  };
  const { artifact } = await server.askWell('/api/v1/artifacts?project=default', { body });
  await server.askWell(`/api/v1/artifacts/${artifact.id}/parts/0`, {
    method: 'PUT',
    body: { data: Buffer.from(text).toString('base64') },
  });
  await server.askWell(`/api/v1/artifacts/${artifact.id}/complete`, { method: 'POST' });
  return artifact.id as string;
}

test('a model is trained by a run, also after its worker has died, served as an engine, and called', async ({
  stage,
}) => {
  const { server } = await install(stage, cluster(), {
    models: [{ name: 'scripted' }],
    environment: {
      ENGINE_COMMANDS: `small=${process.execPath} ${HARNESS}/small-model.ts {port} {model} {files}`,
      ENGINE_HEALTH_INTERVAL: '200ms',
      WORKER_SILENCE: '1500ms',
      WORKER_HEARTBEAT_INTERVAL: '300ms',
      JOB_INTERVAL: '200ms',
    },
  });
  const file = join(stage.folder, 'commands.yaml');
  await writeFile(file, COMMANDS, { mode: 0o600 });
  const enrollmentKey = await makeEnrollmentKey(server);
  const worker = (name: string, pauseMs: string) =>
    startWorker(stage, {
      url: server.url,
      name,
      enrollmentKey,
      models: [],
      environment: {
        WORKER_EXEC_FILE: file,
        WORKER_PROBE: 'off',
        HEARTBEAT_INTERVAL: '300ms',
        TRAINER_PAUSE_MS: pauseMs,
      },
    });
  const first = worker('first', '3000');
  await waitUntil(
    async () => (await server.askWell('/api/v1/workflows')).workflows.length > 0 || null,
    { msMax: 30_000, otherwise: () => `the worker does not say what it has:\n${first.text()}` },
  );

  const submit = (more: object) => ({
    body: {
      input: {
        trainer: 'small',
        base_model: 'tiny',
        name: 'cities',
        training: { epochs: 3 },
        ...more,
      },
      max_attempts: 5,
    },
  });
  const runs = '/api/v1/workflows/finetune/runs';
  const dataset = { artifact: await sendDataset(server) };
  const refused = await server.ask(runs, submit({ base_model: 'huge', dataset }));
  expect(refused.status).toBe(422);
  const { id } = await server.askWell(runs, submit({ dataset }));
  const stepsOf = async (): Promise<Record<string, unknown>[]> =>
    (await server.askWell(`/api/v1/runs/${id}/journal`)).steps;
  const readRun = async (): Promise<Record<string, unknown> & { readonly output: Output }> => {
    const one = await server.askWell(`/api/v1/runs/${id}?wait_ms=1000`);
    if (one.state === 'failed') throw new Error(JSON.stringify(one));
    return one;
  };
  await waitUntil(
    async () => {
      await readRun();
      return (await stepsOf()).some(
        ({ name, state }) => name === 'epoch 1' && state === 'completed',
      );
    },
    { msMax: 30_000, otherwise: () => `no epoch is told:\n${first.text()}` },
  );
  await first.kill();
  const second = worker('second', '0');
  const run = await waitUntil(
    async () => {
      const one = await readRun();
      return one['state'] === 'completed' ? one : null;
    },
    { msMax: 60_000, otherwise: () => `the run does not end:\n${second.text()}` },
  );
  expect(run.output).toMatchObject({
    name: 'cities',
    dataset: { records: 4 },
    lora: { rank: 16 },
    metrics: { records: 4 },
    files: [{ name: 'model.json' }],
  });
  const steps = await stepsOf();
  expect(steps.map(({ name, state }) => `${String(name)} ${String(state)}`).toSorted()).toEqual(
    ['dataset', 'epoch 1', 'epoch 2', 'epoch 3', 'train'].map((name) => `${name} completed`),
  );
  // What the first worker was told of stays told.
  expect(steps.find(({ name }) => name === 'epoch 1')).toMatchObject({ attempt: 1 });
  const made = await server.askWell(`/api/v1/artifacts?project=default&run_id=${id}`);
  expect(made.artifacts).toMatchObject([{ name: 'model.json', run_id: id }]);
  const [{ sha256 }] = made.artifacts;
  expect(run.output.digest).toBe(hash('sha256', `${sha256}  model.json\n`));

  const { key } = await makeKey(server);
  const start = (more: object) =>
    server.ask('/v1/management/engines', { body: { model_id: 'cities', ...more } });
  expect((await start({})).status).toBe(400);
  const nobodys = { organization: 'default', run_id: '0199aaaa-0000-7000-8000-000000000001' };
  expect((await start({ fine_tune: nobodys })).status).toBe(404);
  const started = await start({ fine_tune: { organization: 'default', run_id: id } });
  expect([started.status, started.json.status]).toEqual([200, 'STARTING']);
  // Asked in words that it was not trained on.
  const messages = [{ role: 'user', content: 'Tell me about the city with bridges' }];
  const answer = await waitUntil(
    async () => {
      const url = `${server.url}/v1/chat/completions`;
      const said = await ask(url, { headers: bearer(key), body: { model: 'cities', messages } });
      return said.status === 200 ? said.json : null;
    },
    { msMax: 30_000, otherwise: 'what was trained is not served' },
  );
  expect(answer.choices[0].message.content).toBe('Venice');
}, 150_000);
