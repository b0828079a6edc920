import { expect } from 'vitest';

import { cluster, test } from '../harness/e2e-test.ts';
import { install } from '../harness/installation.ts';
import { readPrompts } from '../harness/prompts.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { makeEnrollmentKey, startWorker } from '../harness/worker.ts';

const MODELS = ['small', 'medium', 'large'];
const { lines, real } = readPrompts();
const prompts = lines.map((line, at) => {
  const { turns } = JSON.parse(line) as { turns: string[] };
  return { id: `prompt ${at + 1}`, message: turns[0] ?? '' };
});

test('one run classifies all prompts, each by the model that fits it, and no answer is bought twice', async ({
  stage,
}) => {
  const { server } = await install(stage, cluster(), {
    models: MODELS.map((name) => ({ name, inputPrice: 0.000_001, outputPrice: 0.000_001 })),
    environment: {
      WORKER_SILENCE: '1500ms',
      WORKER_HEARTBEAT_INTERVAL: '300ms',
      JOB_INTERVAL: '200ms',
    },
  });
  const [simple, medium, complex] = MODELS.map((model) => ({ model }));
  await server.askWell('/api/v1/projects/default/model-tiers', {
    method: 'PUT',
    body: { simple, medium, complex },
  });
  const enrollmentKey = await makeEnrollmentKey(server);
  const environment = {
    WORKER_WORKFLOWS: 'batch',
    WORKER_PROBE: 'off',
    HEARTBEAT_INTERVAL: '300ms',
  };
  const of = { url: server.url, enrollmentKey, models: [], environment };
  const first = startWorker(stage, { ...of, name: 'first' });
  const named = await waitUntil(
    async () => (await server.askWell('/api/v1/workflows')).workflows.length > 0 || null,
    { msMax: 30_000, otherwise: () => `the worker does not say what it has:\n${first.text()}` },
  );
  expect(named).toBe(true);
  const input = { items: prompts, system: 'Say what it is about, in one word.', concurrency: 4 };
  const { id } = await server.askWell('/api/v1/workflows/batch/runs', {
    body: { input, max_attempts: 5 },
  });
  // Its worker dies in the middle; another one goes on.
  await waitUntil(
    async () =>
      (await server.askWell(`/api/v1/runs/${id}/timeline?limit=1000`)).nodes.length > 20
        ? true
        : null,
    { msMax: 30_000, otherwise: () => `nothing is journaled:\n${first.text()}` },
  );
  await first.kill();
  startWorker(stage, { ...of, name: 'second' });
  const run = await waitUntil(
    async () => {
      const one = await server.askWell(`/api/v1/runs/${id}?wait_ms=5000`);
      if (one.state === 'failed') throw new Error(JSON.stringify(one));
      return one.state === 'completed' ? one : null;
    },
    { msMax: 60_000, otherwise: 'the run does not end' },
  );
  expect(run.output).toMatchObject({ completed: prompts.length, failed: 0 });
  const items = run.output.items as { id: string; model: string }[];
  expect(items.map((item) => item.id)).toEqual(prompts.map((prompt) => prompt.id));
  // Made ones are all alike.
  expect(new Set(items.map(({ model }) => model)).size).toBeGreaterThan(real ? 1 : 0);
  const { nodes } = await server.askWell(`/api/v1/runs/${id}/timeline?limit=1000`);
  const calls = (nodes as { node: string; step: string | null }[]).filter(
    ({ node }) => node === 'call',
  );
  expect(calls.length).toBeGreaterThan(0);
  for (const { step } of calls) expect(step).toMatch(/^prompt \d+ batch model 1#0$/);
  const { steps } = await server.askWell(`/api/v1/runs/${id}/journal?limit=500`);
  expect(steps).toHaveLength(prompts.length);
  // What was cut off was asked for again: at most what was under way when the worker died.
  expect(run.calls).toBeGreaterThanOrEqual(prompts.length);
  expect(run.calls).toBeLessThanOrEqual(prompts.length + 4);
}, 120_000);
