import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';

import { UniversalAgent } from '@sagewai/sdk/agent';
import { WorkflowWorker, type WorkflowWorkerOptions } from '@sagewai/worker';
import { expect } from 'vitest';

import { cluster, test } from '../harness/e2e-test.ts';
import { install } from '../harness/installation.ts';
import type { Server } from '../harness/server.ts';
import type { Stage } from '../harness/stage.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { makeEnrollmentKey } from '../harness/worker.ts';

interface Proxied {
  readonly authorization: string | undefined;
  readonly model: string;
}

/** What a LiteLLM proxy is to an agent: an address that answers chat completions. */
async function startProxy(stage: Stage): Promise<{ url: string; asked: readonly Proxied[] }> {
  const asked: Proxied[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const { model } = (await json(request)) as { model: string };
      asked.push({ authorization: request.headers.authorization, model });
      const message = { role: 'assistant', content: 'from the proxy' };
      const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({ id: 'c', model, choices: [{ message, finish_reason: 'stop' }], usage }),
      );
    })();
  });
  const listening = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', listening.resolve);
  await listening.promise;
  stage.defer('the proxy', async () => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const agent = new UniversalAgent({ name: 'writer', config: { inference: { model: 'gpt-4o' } } });
const TOPIC = {
  type: 'object',
  properties: { topic: { type: 'string', minLength: 1 } },
  required: ['topic'],
  additionalProperties: false,
};

/** In a file of a user's own, with nothing but what stands here. */
function startWorker(stage: Stage, options: WorkflowWorkerOptions): void {
  const name = options.name ?? '';
  const worker = new WorkflowWorker({
    home: join(stage.folder, name),
    log: { note: () => undefined, warn: () => undefined },
    handlesSignals: false,
    ...options,
  });
  worker.workflow<{ topic: string }, string>('write', TOPIC, (ctx, { topic }) =>
    agent.chat(`About ${topic}`, { ctx }),
  );
  const ended = worker.start();
  ended.catch(() => undefined);
  stage.defer(name, () => {
    worker.stop();
    return ended;
  });
}

async function outcome(server: Server, body: object, headers: Record<string, string> = {}) {
  const { id } = await server.askWell('/api/v1/runs', { body, headers });
  return waitUntil(
    async () => {
      const run = await server.askWell(`/api/v1/runs/${id}?wait_ms=5000`);
      return ['completed', 'failed'].includes(run.state) ? run : null;
    },
    { msMax: 30_000, otherwise: `run ${id} does not end` },
  );
}

test('workers of two pools, each in a program of its own, do workflows of their own', async ({
  stage,
}) => {
  const { server } = await install(stage, cluster(), { models: [{ name: 'gpt-4o' }] });
  const litellm = await startProxy(stage);
  await server.askWell('/api/v1/projects', { body: { name: 'production' } });
  const { token } = await server.askWell('/api/v1/fleet/tokens', { body: { name: 'gpus' } });

  startWorker(stage, {
    projectId: 'production',
    pool: 'gpu-workers',
    labels: { env: 'production' },
    models: ['gpt-4o', 'claude-sonnet'],
    gatewayUrl: server.url,
    enrollmentKey: token,
    credentials: {
      inference_overrides: { api_base: litellm.url, api_key: 'sk-worker-pool-key' },
    },
    name: 'gpu',
  });
  startWorker(stage, {
    pool: 'gpu-workers',
    gatewayUrl: server.url,
    enrollmentKey: await makeEnrollmentKey(server),
    name: 'plain',
  });

  const payload = { workflow: 'write', input: { topic: 'tea' } };
  const ofProduction = { 'x-project-id': 'production' };
  const on = { pool: 'gpu-workers', model: 'claude-sonnet', labels: { env: 'production' } };
  const [proxied, direct, wrong] = await Promise.all([
    outcome(server, { ...on, payload }, ofProduction),
    outcome(server, { pool: 'gpu-workers', payload }),
    outcome(server, { ...on, payload: { ...payload, input: { topic: '' } } }, ofProduction),
  ]);
  // What the worker names goes before everything but the agent's own address.
  expect(proxied).toMatchObject({ state: 'completed', output: 'from the proxy' });
  expect(litellm.asked).toEqual([{ authorization: 'Bearer sk-worker-pool-key', model: 'gpt-4o' }]);
  // Without: through the gateway, as the run, which is booked for it.
  expect(direct).toMatchObject({ state: 'completed', calls: 1, models_used: ['gpt-4o'] });
  expect(wrong).toMatchObject({ state: 'failed', error: expect.stringContaining('topic') });
  // Both have said what they have: by its name it is checked before it is stored.
  const byName = '/api/v1/workflows/write/runs';
  expect(await server.ask(byName, { body: { input: { topic: '' } } })).toMatchObject({
    status: 422,
    json: { errors: [{ path: '/input/topic' }] },
  });
  const { id } = await server.askWell(byName, { body: { input: { topic: 'tea' } } });
  const { runs } = await server.askWell(byName);
  expect(runs).toMatchObject([{ id, pool: 'gpu-workers' }]);
  const { workers } = await server.askWell('/api/v1/fleet/workers');
  const gpu = workers.find(({ name }: { name: string }) => name === 'gpu');
  expect(gpu).toMatchObject({ project_id: proxied.project_id, pool: 'gpu-workers' });
}, 60_000);
