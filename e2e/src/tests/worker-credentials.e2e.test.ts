import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { expect } from 'vitest';

import { cluster, test } from '../harness/e2e-test.ts';
import { install } from '../harness/installation.ts';
import { searchDatabase } from '../harness/search-database.ts';
import type { Stage } from '../harness/stage.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { tapWire } from '../harness/wire-tap.ts';
import { makeEnrollmentKey, startWorker } from '../harness/worker.ts';

const MODELS = [
  { name: 'gpt-4o', inputPrice: 0.000_002, outputPrice: 0.000_01 },
  { name: 'claude-sonnet-4', inputPrice: 0.000_003, outputPrice: 0.000_015 },
  { name: 'cheap', inputPrice: 0.000_000_1, outputPrice: 0.000_000_1 },
];

/** Each planted where a worker keeps what is its own. */
const PLANTED = {
  openai: 'sk-canary-openai-5f1d',
  anthropic: 'sk-canary-anthropic-77ab',
  inference: 'sk-canary-inference-e01c',
  unused: 'canary-password-of-a-database',
};

interface Called {
  readonly key: string;
  readonly model: string;
}

/** Speaks OpenAI's format, as do Anthropic and Ollama there; says the caller's key wherever it can. */
async function echoingProvider(stage: Stage) {
  const called: Called[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const body = await text(request);
      if (request.method === 'GET') return void response.end('{"object":"list","data":[]}');
      const asked = JSON.parse(body) as { model: string; messages: unknown[] };
      const key = request.headers.authorization?.replace('Bearer ', '') ?? '';
      called.push({ key, model: asked.model });
      const isRefused = JSON.stringify(asked.messages).includes('refuse this');
      response.writeHead(isRefused ? 401 : 200, { 'content-type': 'application/json' });
      const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
      const message = { role: 'assistant', content: `You called with ${key}.` };
      response.end(
        JSON.stringify(
          isRefused
            ? { error: { message: `Incorrect API key provided: ${key}`, type: 'invalid_key' } }
            : {
                model: asked.model,
                choices: [{ index: 0, message, finish_reason: 'stop' }],
                usage,
              },
        ),
      );
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stage.defer('the provider', async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, called };
}

test('planted credentials are used, and stand in no table, no log and on no wire to the server', async ({
  stage,
}) => {
  const { server, database } = await install(stage, cluster(), { models: MODELS });
  const provider = await echoingProvider(stage);
  const wire = await tapWire(stage, server.port);
  const enrollmentKey = await makeEnrollmentKey(server);

  const start = async (name: string, models: readonly string[], credentials: object) => {
    const file = join(stage.folder, `${name}.json`);
    await writeFile(file, JSON.stringify(credentials), { mode: 0o600 });
    const environment = { WORKER_CREDENTIALS_FILE: file, WORKER_POOL: name };
    return startWorker(stage, { url: wire.url, name, enrollmentKey, models, environment });
  };
  const workers = [
    await start('by-environment', ['gpt-4o', 'claude-sonnet-4', 'ollama/llama3'], {
      env_overrides: {
        OPENAI_API_KEY: PLANTED.openai,
        OPENAI_BASE_URL: `${provider.url}/v1`,
        ANTHROPIC_API_KEY: PLANTED.anthropic,
        ANTHROPIC_BASE_URL: `${provider.url}/v1`,
        OLLAMA_HOST: provider.url,
        DATABASE_PASSWORD: PLANTED.unused,
      },
    }),
    await start('by-inference', ['gpt-4o'], {
      model_overrides: { default: 'cheap' },
      inference_overrides: { api_base: `${provider.url}/v1`, api_key: PLANTED.inference },
    }),
  ];

  const run = async (pool: string, model: string, message: unknown) => {
    const payload = { agent: { name: 'a', model, max_tokens: 30 }, message };
    const body = { pool, model, payload };
    const { id } = await server.askWell('/api/v1/runs', { body });
    return waitUntil(
      async () => {
        const seen = await server.askWell(`/api/v1/runs/${id}`);
        return ['completed', 'failed'].includes(seen.state as string) ? seen : null;
      },
      { otherwise: `run ${id} does not end` },
    );
  };
  const completed = [
    await run('by-environment', 'gpt-4o', 'hello'),
    await run('by-environment', 'claude-sonnet-4', 'hello'),
    await run('by-environment', 'ollama/llama3', 'hello'),
    await run('by-inference', 'gpt-4o', ['hello', { content: 'hello', model: 'gpt-4o' }]),
  ];
  const failed = [
    await run('by-environment', 'gpt-4o', 'refuse this'),
    await run('by-inference', 'gpt-4o', 'refuse this'),
  ];

  // They were used, each for its own.
  expect(provider.called).toEqual([
    { key: PLANTED.openai, model: 'gpt-4o' },
    { key: PLANTED.anthropic, model: 'claude-sonnet-4' },
    { key: '', model: 'llama3' },
    { key: PLANTED.inference, model: 'cheap' },
    { key: PLANTED.inference, model: 'gpt-4o' },
    { key: PLANTED.openai, model: 'gpt-4o' },
    { key: PLANTED.inference, model: 'cheap' },
  ]);
  expect(completed.map(({ state }) => state as string)).toEqual(Array(4).fill('completed'));
  expect(completed[0].output.message).toBe('You called with [redacted].');
  for (const { error } of failed) expect(error).toMatch(/Incorrect API key provided: \[redacted\]/);

  // What is booked and priced is the model that was really called.
  const { spend } = await server.askWell(`/api/v1/spend?run_id=${completed[3].id}`);
  const booked = (spend as { model: string; cost_usd: string }[]).map(
    ({ model, cost_usd }) => `${model} ${cost_usd}`,
  );
  expect(booked.toSorted()).toEqual(['openai/cheap 0.0000015', 'openai/gpt-4o 0.00007']);

  // Workers first: one whose server is gone tries to tell it that it leaves.
  for (const worker of workers) await worker.stop();
  await server.stop();
  const logs = [server.process().text(), ...workers.map((worker) => worker.text())].join('\n');
  // The search finds what is there.
  expect(await searchDatabase(database.adminUrl, 'You called with [redacted]')).not.toEqual([]);
  expect(wire.text()).toContain('You called with [redacted]');
  for (const secret of Object.values(PLANTED)) {
    expect(await searchDatabase(database.adminUrl, secret)).toEqual([]);
    expect(wire.text()).not.toContain(secret);
    expect(logs).not.toContain(secret);
  }
});

test('a credentials file that others may read stops the worker before it enrolls', async ({
  stage,
}) => {
  const { server } = await install(stage, cluster(), { models: MODELS });
  const file = join(stage.folder, 'open.yaml');
  await writeFile(file, `inference_overrides: {api_key: ${PLANTED.openai}}`, { mode: 0o644 });
  const worker = startWorker(stage, {
    url: server.url,
    name: 'open',
    enrollmentKey: await makeEnrollmentKey(server),
    models: ['gpt-4o'],
    environment: { WORKER_CREDENTIALS_FILE: file },
  });
  expect((await worker.ended).code).toBe(2);
  expect(worker.text()).toContain(`chmod 600 ${file}`);
  expect((await server.askWell('/api/v1/fleet/workers')).workers).toEqual([]);
});
