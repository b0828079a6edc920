/** `npm run bench:fleet`: runs from enqueueing to their report, beside graphile-worker and BullMQ. */
import { type Bench, type Result, runBench } from '../common/bench.ts';
import type { Figure } from '../common/figure.ts';
import { residentFigure, settle } from '../common/resident.ts';
import { type Server, startServer } from '../common/server.ts';
import { latencyFigures, OURS, rateFigures } from './figures.ts';
import { fillBacklog } from './fill-backlog.ts';
import { openFleet, type OurFleet, type OurWorker } from './our-fleet.ts';
import { ours } from './pass-ours.ts';
import { startBullmq, startGraphileWorker } from './peers.ts';
import { pinSnapshot } from './pin-snapshot.ts';
import { measureLatencies, measureThroughput } from './rounds.ts';
import { workAgents } from './work-agents.ts';

const WORKERS = 8;
const SERVER_MB_MAX = 250;
const WORKER_MB_MAX = 120;

const PLAN = {
  quick: {
    rounds: 3,
    jobs: { batched: 5_000, single: 500 },
    latencyRounds: 3,
    backlog: { count: 100_000, msMax: 14_000 },
    agentRuns: 20,
  },
  full: {
    rounds: 9,
    jobs: { batched: 40_000, single: 4_000 },
    latencyRounds: 9,
    backlog: { count: 1_000_000, msMax: 6 * 60_000 },
    agentRuns: 200,
  },
} as const;

interface Side {
  readonly server: Server;
  readonly fleet: OurFleet;
  readonly workers: readonly OurWorker[];
}

async function measure(bench: Bench): Promise<Result> {
  const plan = bench.options.quick ? PLAN.quick : PLAN.full;
  const side = await openSide(bench, 'server');
  const peers = [
    await startGraphileWorker(bench, side.server.postgres),
    await startBullmq(bench),
  ].filter((peer) => peer !== null);
  bench.say('Passing runs through every queue in turns …');
  const { samples, mistakes } = await measureThroughput(
    [ours(OURS, side.fleet, side.workers), ...peers],
    plan,
  );
  if (mistakes > 0) bench.note(`${mistakes} runs of ours were not accepted exactly once.`);
  const backlogged = await openSide(bench, 'backlogged-server');
  const pinned = await openSide(bench, 'pinned-server');
  const figures: Figure[] = [
    ...rateFigures(
      samples,
      peers.map(({ name }) => name),
    ),
    ...(await latencies(bench, { empty: side, full: backlogged, pinned })),
  ];
  const worker = await workAgents(bench, side.server, {
    enrollmentKey: side.fleet.enrollmentKey,
    runs: plan.agentRuns,
  });
  await settle(bench.options);
  const servers = [side, backlogged, pinned].map(({ server }) => server.process.pid);
  figures.push(
    residentFigure('fleet', 'server_rss', { pids: servers, mbMax: SERVER_MB_MAX }),
    residentFigure('fleet', 'worker_rss', { pids: [worker.pid], mbMax: WORKER_MB_MAX }),
  );
  return { figures, isSound: mistakes === 0 };
}

async function openSide(bench: Bench, name: string): Promise<Side> {
  const server = await startServer(bench, name);
  const fleet = await openFleet(server);
  const workers = await Promise.all(
    Array.from({ length: WORKERS }, (_, index) => fleet.enroll(`bench-${index}`)),
  );
  return { server, fleet, workers };
}

/** A server each, so that claims with and without something in the way can be timed side by side. */
async function latencies(
  bench: Bench,
  { empty, full, pinned }: Readonly<Record<'empty' | 'full' | 'pinned', Side>>,
): Promise<Figure[]> {
  const plan = bench.options.quick ? PLAN.quick : PLAN.full;
  bench.say(`Submitting ${plan.backlog.count.toLocaleString('en')} runs that no worker may have …`);
  const startedAt = performance.now();
  const count = await fillBacklog(full.fleet, plan.backlog);
  const perSecond = Math.round((count * 1000) / (performance.now() - startedAt));
  bench.note(
    `The backlog is ${count.toLocaleString('en')} runs` +
      (count < plan.backlog.count ? ', fewer than wanted in the time allowed' : '') +
      `; it was submitted at ${perSecond.toLocaleString('en')} runs/s.`,
  );
  await pinSnapshot(bench, pinned.server.postgres);
  const passed = plan.jobs.batched;
  await ours('pinned', pinned.fleet, pinned.workers).pass(passed, 'batched');
  bench.note(`Under the pinned snapshot ${passed.toLocaleString('en')} runs had passed before.`);
  const [without = [], behind = [], under = []] = await measureLatencies(
    [empty, full, pinned].map(oneWorker),
    plan.latencyRounds,
  );
  return [
    ...latencyFigures('backlog', behind, without),
    ...latencyFigures('pinned', under, without),
  ];
}

function oneWorker({ fleet, workers: [worker] }: Side): { fleet: OurFleet; worker: OurWorker } {
  if (worker === undefined) throw new Error('no worker enrolled');
  return { fleet, worker };
}

await runBench('fleet', { args: process.argv.slice(2), env: process.env }, measure);
