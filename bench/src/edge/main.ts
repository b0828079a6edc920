/** `npm run bench:edge`: what it costs to go through the edge, with the gateway in its process and behind it. */
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { type Bench, type Result, runBench } from '../common/bench.ts';
import { type Child, forkModule } from '../common/child.ts';
import { compare, type Figure } from '../common/figure.ts';
import { freePort } from '../common/free-port.ts';
import { type Server, startSagewai } from '../common/server.ts';
import { answersWell, waitForChild } from '../common/wait-until.ts';
import type { Contender } from '../gateway/contender.ts';
import { isSound, remarksOn } from '../gateway/figures.ts';
import { configPathOf, startOurs } from '../gateway/our-gateway.ts';
import { type Plan, playRounds, type Sample } from '../gateway/rounds.ts';
import { KINDS } from '../gateway/scripted-answer.ts';

const START_MS_MAX = 30_000;
const DIRECT = 'gateway';
/** The gateway answers in two of three turns, an edge with a gateway of its own in one. */
const PLAN = {
  quick: { rounds: 3, seconds: 1, warmUpSeconds: 2, leadInSeconds: 1 },
  full: { rounds: 9, seconds: 4, warmUpSeconds: 3, leadInSeconds: 2 },
} as const satisfies Record<string, Plan>;

/** What is left of the gateway's requests per second. */
const RATIO_MIN = 0.85;

async function measure(bench: Bench): Promise<Result> {
  const upstream = forkModule(module('../gateway/upstream/main.ts'), bench.teardown);
  const generator = forkModule(module('../gateway/generator/main.ts'), bench.teardown);
  const [{ port }] = (await once(upstream.process, 'message')) as [{ port: number }];
  const { contender, servers } = await startOurs(bench, DIRECT, `http://127.0.0.1:${port}`);
  const [server] = servers;
  const mounted = await startEdge(bench, 'mounted', {
    DATABASE_URL: server.postgres.url,
    SAGEWAI_HOME: server.home,
    SAGEWAI_CONFIG: configPathOf(bench),
    // Of its own: each process keeps its own.
    LEDGER_JOURNAL_DIR: join(server.home, 'journal-of-the-edge'),
    SAGEWAI_ADMIN_TOKEN: tokenOf(server),
  });
  const before = await startEdge(bench, 'before', { SAGE_EDGE_UPSTREAM: server.url });
  const through = (name: string, edge: Edge, alsoBusy: readonly Child[]): Contender => ({
    ...contender,
    name,
    ports: [edge.port],
    processes: [edge.process, ...alsoBusy],
  });
  const contenders = [
    contender,
    through('mounted', mounted, []),
    through('before', before, contender.processes),
  ];
  bench.say('Measuring the gateway and both edges in turns …');
  const plan = bench.options.quick ? PLAN.quick : PLAN.full;
  const samples = await playRounds(contenders, generator, plan);
  for (const line of remarksOn(
    samples,
    contenders.map(({ name }) => name),
  ))
    bench.note(line);
  return {
    figures: ['mounted', 'before'].flatMap((name) => figuresOf(samples, name)),
    isSound: contenders.every(({ name }) => KINDS.every((kind) => isSound(samples, name, kind))),
  };
}

const MEASURES = [
  { name: 'requests_per_second', unit: '1/s', of: (one: Sample) => one.requestsPerSecond },
  { name: 'cpu_per_request', unit: 'us', of: (one: Sample) => one.cpuUs },
  { name: 'latency_p50', unit: 'ms', of: (one: Sample) => one.p50Ms },
] as const;

function figuresOf(samples: readonly Sample[], edge: string): Figure[] {
  return KINDS.flatMap((kind) =>
    MEASURES.map(({ name, unit, of }) => {
      const pick = (contender: string): number[] =>
        samples.filter((one) => one.contender === contender && one.kind === kind).map(of);
      const target =
        name === 'requests_per_second'
          ? ({ of: 'ratio', bound: 'at least', value: RATIO_MIN } as const)
          : null;
      return compare(
        { bench: 'edge', metric: `${edge}.${kind}.${name}`, unit, target },
        pick(edge),
        {
          name: DIRECT,
          values: pick(DIRECT),
        },
      );
    }),
  );
}

interface Edge {
  readonly port: number;
  readonly process: Child;
}

async function startEdge(
  bench: Bench,
  name: string,
  env: Readonly<Record<string, string>>,
): Promise<Edge> {
  const port = await freePort();
  const args = ['edge', '--host', '127.0.0.1', '--port', String(port)];
  const child = startSagewai(bench, `edge-${name}`, { args, env });
  const isReady = (): Promise<boolean> => answersWell(`http://127.0.0.1:${port}/readyz`);
  await waitForChild(child, isReady, START_MS_MAX);
  return { port, process: child };
}

const tokenOf = ({ administrator }: Server): string =>
  administrator['authorization']?.replace('Bearer ', '') ?? '';

const module = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

await runBench('edge', { args: process.argv.slice(2), env: process.env }, measure);
