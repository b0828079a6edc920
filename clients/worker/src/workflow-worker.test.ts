import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { lease, scriptedFleet } from '@sagewai/testing/scripted-fleet';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';

import { WorkerFailed, WorkflowWorker, type WorkflowWorkerOptions } from './index.ts';

afterEach(() => vi.unstubAllEnvs());

const log = { note: () => undefined, warn: () => undefined };

async function made(more: WorkflowWorkerOptions): Promise<WorkflowWorker> {
  const home = await mkdtemp(join(tmpdir(), 'sagewai-worker-'));
  onTestFinished(() => rm(home, { recursive: true }));
  return new WorkflowWorker({ home, log, handlesSignals: false, ...more });
}

test('says all that the server is to know of it, and ends when it is stopped', async () => {
  const fleet = await scriptedFleet();
  const worker = await made({
    projectId: 'production',
    pool: 'gpu-workers',
    labels: { env: 'production', note: 'a=b,c' },
    models: ['gpt-4o', 'claude-sonnet'],
    gatewayUrl: fleet.url,
    enrollmentKey: 'sk-fleet-1',
  });
  const ended = worker.start();
  const { headers, body } = await fleet.reached('fleet.registerWorker');
  expect(headers).toMatchObject({
    'x-project-id': 'production',
    'x-enrollment-key': 'sk-fleet-1',
  });
  expect(body).toMatchObject({
    pool: 'gpu-workers',
    labels: { env: 'production', note: 'a=b,c' },
    models: ['gpt-4o', 'claude-sonnet'],
  });
  worker.stop();
  expect(await ended).toEqual({ unsent: 0 });
});

test('what it is not told is what the environment of a worker says', async () => {
  const fleet = await scriptedFleet();
  vi.stubEnv('FLEET_GATEWAY_URL', fleet.url);
  vi.stubEnv('WORKER_POOL', 'of the environment');
  vi.stubEnv('WORKER_PROJECT', 'web');
  const worker = await made({ pool: 'of the program' });
  const ended = worker.start();
  const { headers, body } = await fleet.reached('fleet.registerWorker');
  expect(body).toMatchObject({ pool: 'of the program' });
  expect(headers).toMatchObject({ 'x-project-id': 'web' });
  worker.stop();
  await ended;
});

test('a run of a workflow that it has no longer fails, and names those that it has', async () => {
  const fleet = await scriptedFleet();
  fleet.on('fleet.registerWorkflows', () => ({ json: { unused_schemas: [] } }));
  const worker = await made({ gatewayUrl: fleet.url });
  worker.workflow('order', String, () => Promise.resolve(1));
  const ended = worker.start();
  fleet.give({ ...lease(1), payload: { workflow: 'other', input: 1 } });
  await fleet.reached('fleet.reportRuns');
  expect(fleet.reports).toMatchObject([
    { status: 'failed', error: 'this worker has no workflow other; it has order' },
  ]);
  worker.stop();
  await ended;
});

test('mistakes are told before anything is enrolled, and never repeat a secret', async () => {
  const nowhere = await made({});
  await expect(nowhere.start()).rejects.toThrow(/FLEET_GATEWAY_URL/);
  const misspelt = await made({
    gatewayUrl: 'http://127.0.0.1:9',
    credentials: { inference_overrides: { api_base: 'sk-in-the-wrong-place' } },
  });
  await expect(misspelt.start()).rejects.toThrow(
    / - credentials: inference_overrides\.api_base: expected an http or https URL$/,
  );
  const twice = (await made({})).workflow('order', String, () => Promise.resolve(1));
  expect(() => twice.workflow('order', String, () => Promise.resolve(1))).toThrow(/two workflows/);
});

test('a server that refuses it ends it, and says what to do', async () => {
  const fleet = await scriptedFleet();
  fleet.on('fleet.registerWorker', () => ({
    status: 401,
    json: { code: 'enrollment.refused', detail: 'Invalid enrollment key' },
  }));
  const ended = (await made({ gatewayUrl: fleet.url })).start();
  await expect(ended).rejects.toThrow(WorkerFailed);
  await expect(ended).rejects.toMatchObject({ why: 'auth' });
});

test('tells what it can be asked for by name, before it asks for work; without schemas where it has none', async () => {
  const fleet = await scriptedFleet();
  const told = Promise.withResolvers<unknown>();
  fleet.on('fleet.registerWorkflows', ({ body }) => {
    told.resolve(body);
    return { json: { unused_schemas: [{ name: 'order', why: 'it is too large' }] } };
  });
  const lines: string[] = [];
  const worker = await made({
    gatewayUrl: fleet.url,
    log: { note: () => undefined, warn: (text) => void lines.push(text) },
  });
  const schema = { type: 'object' };
  worker.workflow('order', schema, () => Promise.resolve(1));
  worker.workflow('other', String, () => Promise.resolve(1));
  const ended = worker.start();
  expect(await told.promise).toEqual({
    workflows: [{ name: 'order', input_schema: schema }, { name: 'other' }],
  });
  await fleet.reached('fleet.claimRuns');
  expect(lines.join('\n')).toContain('order is given, the worker will: it is too large');
  worker.stop();
  await ended;
});

test('a server that knows no names keeps nobody from working', async () => {
  const fleet = await scriptedFleet();
  fleet.on('fleet.registerWorkflows', () => ({
    status: 404,
    json: { code: 'resource.missing', detail: 'There is nothing here.' },
  }));
  const worker = await made({ gatewayUrl: fleet.url });
  worker.workflow('order', String, (_ctx, input) => Promise.resolve(input));
  const ended = worker.start();
  fleet.give({ ...lease(1), payload: { workflow: 'other', input: 1 } });
  await fleet.reached('fleet.reportRuns');
  expect(fleet.reports).toMatchObject([{ status: 'failed' }]);
  worker.stop();
  await ended;
});
