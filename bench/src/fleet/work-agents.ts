import { join } from 'node:path';

import { createApi } from '../common/api.ts';
import type { Bench } from '../common/bench.ts';
import type { Child } from '../common/child.ts';
import { type Server, startSagewai } from '../common/server.ts';
import { waitUntil } from '../common/wait-until.ts';

const POOL = 'agents';
const MODEL = 'simulated';
const WORK_MS_MAX = 60_000;

/** Lets a worker as users start it run agents on the simulated model; it is left running, and idle. */
export async function workAgents(
  bench: Bench,
  server: Server,
  { enrollmentKey, runs }: { enrollmentKey: string; runs: number },
): Promise<Child> {
  const worker = startSagewai(bench, 'worker', {
    args: ['worker'],
    env: {
      FLEET_GATEWAY_URL: server.url,
      ENROLLMENT_KEY: enrollmentKey,
      WORKER_POOL: POOL,
      WORKER_MODELS: MODEL,
      SAGEWAI_HOME: join(bench.folder, 'worker-home'),
    },
  });
  const api = createApi(server.url, server.administrator);
  bench.teardown.defer('the connections to our server', () => api.close());
  const payload = { agent: { name: 'bench', model: MODEL }, message: 'Say that you are here.' };
  const submission = { pool: POOL, model: MODEL, payload };
  const { tasks } = (await api.post('/api/v1/fleet/tasks/batch', {
    tasks: Array.from({ length: runs }, () => submission),
  })) as { tasks: { run_id: string }[] };
  const last = tasks.at(-1)?.run_id;
  await waitUntil(
    async () => {
      const task = (await api.get(`/api/v1/fleet/tasks/${last}`)) as { status: string };
      return task.status === 'completed';
    },
    { msMax: WORK_MS_MAX, otherwise: () => `the worker did not finish:\n${worker.tail()}` },
  );
  return worker;
}
