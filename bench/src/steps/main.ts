/** `npm run bench:steps`: what durable runs cost: the journal, a step, a worker full of agents, and loading the SDK. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { type Api, createApi } from '../common/api.ts';
import { type Bench, type Result, runBench } from '../common/bench.ts';
import type { Child } from '../common/child.ts';
import { compare, type Figure, type Target, type Unit } from '../common/figure.ts';
import { residentMb } from '../common/process-usage.ts';
import { type Server, startSagewai, startServer } from '../common/server.ts';
import { median, percentile } from '../common/statistics.ts';
import { waitUntil } from '../common/wait-until.ts';
import { holdCalls } from './hold-calls.ts';
import { CLIENT, EVERYTHING, timeImports } from './time-imports.ts';
import { openJournals } from './write-journals.ts';

const PLAN = {
  quick: { rounds: 2, roundMs: 2_000, steps: 300, imports: 5 },
  full: { rounds: 5, roundMs: 10_000, steps: 2_000, imports: 21 },
};
const RUNS = 64;
const TOGETHER = 20;
const POOL = 'durable';
const WORKFLOWS = fileURLToPath(new URL('workflows.ts', import.meta.url));
const RUN_MS_MAX = 120_000;

const figure = (metric: string, unit: Unit, target: Target | null, values: number[]): Figure =>
  compare({ bench: 'steps', metric, unit, target }, values, null);
const atMost = (value: number): Target => ({ of: 'ours', bound: 'at most', value });

async function measure(bench: Bench): Promise<Result> {
  const plan = bench.options.quick ? PLAN.quick : PLAN.full;
  const server = await startServer(bench, 'sagewai');
  const figures = [
    ...(await measureJournal(bench, server, plan)),
    ...(await measureWorker(bench, server, plan.steps)),
  ];
  bench.say('Loading the SDK in fresh processes …');
  const loading = { folder: join(bench.folder, 'sdk'), times: plan.imports };
  figures.push(
    figure('sdk.import', 'ms', atMost(30), await timeImports(CLIENT, loading)),
    figure('sdk.import_everything', 'ms', null, await timeImports(EVERYTHING, loading)),
  );
  bench.note(`Journal: ${RUNS} runs, each with one request under way; alone: one step a request.`);
  bench.note('The SDK is loaded as JavaScript, as a package has it: its source without the types.');
  return { figures, isSound: true };
}

async function measureJournal(
  bench: Bench,
  server: Server,
  { rounds, roundMs }: { readonly rounds: number; readonly roundMs: number },
): Promise<Figure[]> {
  const journals = await openJournals(server, RUNS);
  bench.teardown.defer('the journals', () => journals.close());
  const [alone, together]: [number[], number[]] = [[], []];
  // The first round only warms up.
  for (let round = 0; round <= rounds; round += 1) {
    bench.say(`Writing journals, round ${round} of ${rounds} …`);
    const one = await journals.write({ together: 1, ms: roundMs });
    const many = await journals.write({ together: TOGETHER, ms: roundMs });
    if (round === 0) continue;
    alone.push(one);
    together.push(many);
  }
  const target: Target = { of: 'ours', bound: 'at least', value: 5_000 };
  return [
    figure('journal.alone', '1/s', null, alone),
    figure(`journal.${TOGETHER}_together`, '1/s', target, together),
  ];
}

async function measureWorker(bench: Bench, server: Server, steps: number): Promise<Figure[]> {
  const api = createApi(server.url, server.administrator);
  bench.teardown.defer('the connections to our server', () => api.close());
  const { key } = (await api.post('/api/v1/fleet/enrollment-keys', { name: 'steps' })) as {
    key: string;
  };
  const worker = startSagewai(bench, 'worker', {
    args: ['worker'],
    env: {
      FLEET_GATEWAY_URL: server.url,
      ENROLLMENT_KEY: key,
      WORKER_POOL: POOL,
      WORKER_WORKFLOWS: WORKFLOWS,
      WORKER_MAX_CONCURRENT: String(RUNS),
      WORKER_PROBE: 'off',
      SAGEWAI_HOME: join(bench.folder, 'worker-home'),
    },
  });
  bench.say(`One run of ${steps} steps, one after the other …`);
  const id = await submit(api, 'bench-steps', { count: steps });
  const { output } = await ended(api, worker, id);
  const ms = (output as { ms: number[] }).ms.slice(steps / 10);
  bench.say(`${RUNS} agents beside each other …`);
  const calls = await holdCalls(bench, RUNS);
  const ids = await Promise.all(
    Array.from({ length: RUNS }, () => submit(api, 'bench-agent', { apiBase: calls.url })),
  );
  await calls.held;
  const heldMb = residentMb(worker.pid);
  calls.release();
  for (const run of ids) await ended(api, worker, run);
  return [
    figure('step.added.p50', 'ms', atMost(3), [median(ms)]),
    figure('step.added.p95', 'ms', null, [percentile(ms, 0.95)]),
    figure(`worker.${RUNS}_agents.rss`, 'MB', atMost(256), [heldMb]),
    figure(`worker.after_${RUNS}_agents.rss`, 'MB', null, [residentMb(worker.pid)]),
  ];
}

async function submit(api: Api, workflow: string, input: object): Promise<string> {
  const payload = { workflow, input };
  return ((await api.post('/api/v1/runs', { pool: POOL, payload })) as { id: string }).id;
}

interface Run {
  readonly state: string;
  readonly output: unknown;
  readonly error: string | null;
}

async function ended(api: Api, worker: Child, id: string): Promise<Run> {
  let run: Run | null = null;
  await waitUntil(
    async () => {
      run = (await api.get(`/api/v1/runs/${id}`)) as Run;
      if (run.state === 'failed') throw new Error(`a run failed: ${run.error}`);
      return run.state === 'completed';
    },
    { msMax: RUN_MS_MAX, otherwise: () => `a run does not end:\n${worker.tail()}` },
  );
  if (run === null) throw new Error('there is no run');
  return run;
}

await runBench('steps', { args: process.argv.slice(2), env: process.env }, measure);
