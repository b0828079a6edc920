import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect } from 'vitest';

import { cluster, test } from '../harness/e2e-test.ts';
import { install } from '../harness/installation.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { makeEnrollmentKey, startWorker } from '../harness/worker.ts';

const WORKFLOWS = fileURLToPath(new URL('../harness/five-steps.ts', import.meta.url));
/** Every boundary between two steps, and within one of them, after its effect. */
const BOUNDARIES = ['before:1', 'before:2', 'in:3', 'before:4', 'before:5', 'after:5'];
const ENVIRONMENT = {
  WORKER_SILENCE: '1500ms',
  WORKER_HEARTBEAT_INTERVAL: '300ms',
  JOB_INTERVAL: '200ms',
};

test('a run whose worker is killed at every boundary goes on elsewhere, and repeats no finished step', async ({
  stage,
}) => {
  const { servers } = await install(stage, cluster(), {
    models: [],
    servers: 2,
    environment: ENVIRONMENT,
  });
  const [server] = servers;
  const enrollmentKey = await makeEnrollmentKey(server);
  const effects = join(stage.folder, 'effects');
  await writeFile(effects, '');
  const body = {
    max_attempts: 20,
    payload: { workflow: 'five-steps', input: { effects } },
  };
  const { id } = await server.askWell('/api/v1/runs', { body });
  // Its next process takes the run at once; the last is another worker, at another server.
  for (const [at, dieAt] of [...BOUNDARIES, ''].entries()) {
    const isLast = dieAt === '';
    const worker = startWorker(stage, {
      url: (servers[at % 2] ?? server).url,
      name: isLast ? 'other' : 'dying',
      enrollmentKey,
      models: [],
      environment: {
        WORKER_WORKFLOWS: WORKFLOWS,
        HEARTBEAT_INTERVAL: '300ms',
        WORKER_PROBE: 'off',
        DIE_AT: dieAt,
      },
    });
    if (!isLast) expect(await worker.ended).toEqual({ code: null, signal: 'SIGKILL' });
  }
  const run = await waitUntil(
    async () => {
      const one = await server.askWell(`/api/v1/runs/${id}?wait_ms=5000`);
      return ['completed', 'failed'].includes(one.state) ? one : null;
    },
    { msMax: 30_000, otherwise: 'the run does not end' },
  );
  expect(run.state).toBe('completed');
  // A worker that is back before it was missed, and does not name the run, is taken to have lost its lease: that
  // attempt does not count. On a loaded machine one of them may be such.
  expect(run.attempt).toBeGreaterThan(1);
  expect(run.attempt).toBeLessThanOrEqual(BOUNDARIES.length + 1);
  // The one effect whose end could not be journaled came twice, with the same key.
  const lines = (await readFile(effects, 'utf8')).trim().split('\n');
  const done = lines.map((line) => line.split(' '));
  expect(done.map(([step]) => step)).toEqual(['1', '2', '3', '3', '4', '5']);
  expect(new Set(done.map(([, ...key]) => key.slice(0, -1).join(' '))).size).toBe(5);
  const { steps } = await server.askWell(`/api/v1/runs/${id}/journal`);
  expect(steps.map(({ name, state }: Record<string, string>) => `${name} ${state}`)).toEqual(
    [1, 2, 3, 4, 5].map((step) => `step ${step} completed`),
  );
  expect(run.output.answers).toHaveLength(5);
}, 90_000);
