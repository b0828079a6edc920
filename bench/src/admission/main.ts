/** `npm run bench:admission`: what limits cost calls, and what many keys and much spend cost a server. */
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { type Bench, type Result, runBench } from '../common/bench.ts';
import { type Child, forkModule } from '../common/child.ts';
import { compare, type Figure, type Unit } from '../common/figure.ts';
import { residentMb } from '../common/process-usage.ts';
import { settle } from '../common/resident.ts';
import { startOurs } from '../gateway/our-gateway.ts';
import { countBudgets, startReplicas } from './all-scopes.ts';
import { callWithEach, fillKeys } from './many-keys.ts';
import { measureWaits } from './measure-waits.ts';
import { bookRows, timeReports } from './time-reports.ts';

const PLAN = {
  quick: { perSecond: 400, seconds: 4, keys: 3_000, projects: 300, rows: 200_000, reports: 10 },
  full: {
    perSecond: 2_000,
    seconds: 20,
    keys: 100_000,
    projects: 10_000,
    rows: 10_000_000,
    reports: 40,
  },
} as const;
type Plan = (typeof PLAN)[keyof typeof PLAN];
const REPLICAS = 4;
const CONNECTIONS = 64;
const WARM_KEYS = 500;
/** Of a full run: ten million rows are written, and a hundred thousand calls made. */
const LIMIT_MS = 40 * 60_000;

type Add = (metric: string, unit: Unit, ours: number, most: number | null) => void;

async function measure(bench: Bench): Promise<Result> {
  const plan = bench.options.quick ? PLAN.quick : PLAN.full;
  const upstream = forkModule(module('../gateway/upstream/main.ts'), bench.teardown);
  const generator = forkModule(module('../gateway/generator/main.ts'), bench.teardown);
  const [{ port }] = (await once(upstream.process, 'message')) as [{ port: number }];
  const upstreamUrl = `http://127.0.0.1:${port}`;
  const figures: Figure[] = [];
  const add: Add = (metric, unit, ours, most) => {
    const target = most === null ? null : ({ of: 'ours', bound: 'at most', value: most } as const);
    figures.push(compare({ bench: 'admission', metric, unit, target }, [ours], null));
  };
  for (const [mode, mostMs] of [
    ['shares', 0.3],
    ['intents', 2.5],
  ] as const) {
    await measureMode(bench, { mode, mostMs, plan, upstreamUrl, generator, add });
  }
  await measureKeys(bench, { plan, upstreamUrl, add });
  return { figures, isSound: true };
}

/** Replicas that hold shares, or of which each call asks the database; each time on a database of its own. */
async function measureMode(
  bench: Bench,
  of: {
    readonly mode: 'shares' | 'intents';
    readonly mostMs: number;
    readonly plan: Plan;
    readonly upstreamUrl: string;
    readonly generator: Child;
    readonly add: Add;
  },
): Promise<void> {
  const { mode, mostMs, plan, upstreamUrl, generator, add } = of;
  bench.say(`Measuring admission on ${REPLICAS} replicas, by ${mode} …`);
  const shares = mode === 'shares';
  const replicas = await startReplicas(bench, { name: mode, upstreamUrl, count: REPLICAS, shares });
  const waits = await measureWaits(generator, replicas, { ...plan, connections: CONNECTIONS });
  add(`${mode}.admission.p50`, 'ms', waits.reserveMs.p50, mostMs);
  add(`${mode}.admission.p99`, 'ms', waits.reserveMs.p99, null);
  add(`${mode}.settlement.p50`, 'ms', waits.settleMs.p50, null);
  const budgets = await countBudgets(replicas.servers[0].postgres.adminUrl);
  bench.note(
    `By ${mode}: ${Math.round(waits.answersPerSecond)} of ${plan.perSecond} calls a second, under ${budgets} budgets of organization, project, team, person and keys.`,
  );
  for (const { process } of replicas.servers) {
    const ended = once(process.process, 'exit');
    process.process.kill('SIGTERM');
    await ended;
  }
}

async function measureKeys(
  bench: Bench,
  {
    plan,
    upstreamUrl,
    add,
  }: { readonly plan: Plan; readonly upstreamUrl: string; readonly add: Add },
): Promise<void> {
  const { servers } = await startOurs(bench, 'many', upstreamUrl);
  const [server] = servers;
  await fillKeys(server.postgres.adminUrl, plan);
  bench.say('Waiting until the server rests, for its memory …');
  await callWithEach(server, WARM_KEYS); // what the first calls need is not what keys cost
  await settle(bench.options);
  const before = residentMb(server.process.pid);
  bench.say(`Calling once with each of ${plan.keys} keys in ${plan.projects} projects …`);
  await callWithEach(server, plan.keys);
  await settle(bench.options);
  add('memory_of_keys', 'MB', residentMb(server.process.pid) - before, 150);

  bench.say(`Booking ${plan.rows} calls …`);
  await bookRows(bench, server, plan.rows);
  for (const by of ['day', 'model', 'project,key', 'tag', 'day,model,agent']) {
    const { p50, p99, calls } = await timeReports(server, { by, times: plan.reports });
    if (calls < plan.rows) throw new Error(`a report knows ${calls} of ${plan.rows} calls`);
    add(`report.${by.replaceAll(',', '_')}.p50`, 'ms', p50, null);
    add(`report.${by.replaceAll(',', '_')}.p99`, 'ms', p99, 300);
  }
}

function module(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

await runBench(
  'admission',
  { args: process.argv.slice(2), env: process.env, limitMs: LIMIT_MS },
  measure,
);
