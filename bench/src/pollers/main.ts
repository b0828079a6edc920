/** `npm run bench:pollers`: ten thousand workers that wait, on one server and beside a second replica. */
import { setTimeout as pause } from 'node:timers/promises';

import { createApi } from '../common/api.ts';
import { type Bench, type Result, runBench } from '../common/bench.ts';
import { readCounter } from '../common/read-counter.ts';
import { residentFigure } from '../common/resident.ts';
import { type Server, startReplica, startServer } from '../common/server.ts';
import { waitUntil } from '../common/wait-until.ts';
import { simulateFleet, type SimulatedFleet } from '../simulate/simulate-fleet.ts';
import { countFigure, dispatchFigures } from './figures.ts';
import { measureDispatch } from './measure-dispatch.ts';

const PLAN = {
  quick: { workers: 2_000, idleMs: 5_000, dispatches: 60 },
  full: { workers: 10_000, idleMs: 60_000, dispatches: 500 },
} as const;
const SERVER_MB_MAX = 1_000;
const STATEMENTS_PER_SECOND_MAX = 3;
const NOTIFIES_PER_SECOND_MAX = 100;
const MODEL = 'simulated-model';
const POOLS = ['cpu', 'gpu', 'edge'];

async function measure(bench: Bench): Promise<Result> {
  const plan = bench.options.quick ? PLAN.quick : PLAN.full;
  const server = await startServer(bench, 'server');
  const other = await startReplica(bench, 'other-server', server);
  const api = createApi(server.url, server.administrator);
  bench.teardown.defer('connections', () => api.close());
  const { key } = (await api.post('/api/v1/fleet/enrollment-keys', { name: 'simulated' })) as {
    key: string;
  };
  bench.say(`Enrolling ${plan.workers.toLocaleString('en')} workers …`);
  const startedAt = performance.now();
  const arrived = new Map<string, number>();
  const fleet = await simulateFleet({
    url: server.url,
    workers: plan.workers,
    pools: POOLS,
    models: [MODEL],
    enrollmentKey: key,
    slots: 1,
    pollSeconds: 50,
    heartbeatMs: 30_000,
    workMs: () => 0,
    onLease: (runId) => arrived.set(runId, performance.now()),
  });
  bench.teardown.defer('the workers', () => fleet.stop());
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  bench.note(`${plan.workers.toLocaleString('en')} workers enrolled in ${seconds} s.`);
  await allWait(fleet, plan.workers);

  const idle = await ratesWhile(server, () => pause(plan.idleMs));
  const memory = residentFigure('pollers', 'server_rss', {
    pids: [server.process.pid],
    mbMax: SERVER_MB_MAX,
  });
  const here = await measureDispatch({ api, pools: POOLS, model: MODEL, arrived }, plan.dispatches);
  const elsewhere = createApi(other.url, server.administrator);
  bench.teardown.defer('connections', () => elsewhere.close());
  const across = await measureDispatch(
    { api: elsewhere, pools: POOLS, model: MODEL, arrived },
    plan.dispatches,
  );
  bench.say('Passing runs through all of them at once …');
  const busy = await ratesWhile(server, () => flood(api, fleet, plan.workers));
  return {
    figures: [
      countFigure('connected', fleet.connections(), null),
      memory,
      countFigure('idle.statements_per_second', idle.statements, STATEMENTS_PER_SECOND_MAX),
      ...dispatchFigures('dispatch', here, { p50: 5, p99: 25 }),
      ...dispatchFigures('across_replicas', across, { p50: null, p99: 60 }),
      countFigure('busy.notifies_per_second', busy.notifies, NOTIFIES_PER_SECOND_MAX),
    ],
    isSound: fleet.tally.failures === 0,
  };
}

async function allWait(fleet: SimulatedFleet, workers: number): Promise<void> {
  await waitUntil(async () => fleet.tally.waiting >= workers, {
    msMax: 60_000,
    otherwise: () => `only ${fleet.tally.waiting} of ${workers} workers wait`,
  });
}

interface Rates {
  readonly statements: number;
  readonly notifies: number;
}

/** What the server asked of its database meanwhile, a second. */
async function ratesWhile(server: Server, work: () => Promise<unknown>): Promise<Rates> {
  const read = (name: string): Promise<number> => readCounter(server.url, name);
  const before = [
    await read('sagewai_database_statements_total'),
    await read('sagewai_fleet_wakes_total'),
  ];
  const startedAt = performance.now();
  await work();
  const seconds = (performance.now() - startedAt) / 1_000;
  const after = [
    await read('sagewai_database_statements_total'),
    await read('sagewai_fleet_wakes_total'),
  ];
  const [statements = 0, notifies = 0] = after.map((value, at) => value - (before[at] ?? 0));
  return { statements: statements / seconds, notifies: notifies / seconds };
}

/** Two runs for each worker, submitted as fast as they are taken. */
async function flood(
  api: ReturnType<typeof createApi>,
  fleet: SimulatedFleet,
  workers: number,
): Promise<void> {
  const wanted = fleet.tally.reported + workers * 2;
  const batch = 500;
  for (let left = workers * 2; left > 0; left -= batch) {
    const tasks = Array.from({ length: Math.min(batch, left) }, (_, index) => ({
      pool: POOLS[index % POOLS.length],
      model: MODEL,
      payload: { n: index },
    }));
    await api.post('/api/v1/fleet/tasks/batch', { tasks });
  }
  await waitUntil(async () => fleet.tally.reported >= wanted, {
    msMax: 120_000,
    otherwise: () => `${fleet.tally.reported} of ${wanted} runs were reported`,
  });
}

await runBench('pollers', { args: process.argv.slice(2), env: process.env }, measure);
