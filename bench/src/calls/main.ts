/** `npm run bench:calls`: what a call waits for, and what it costs beside its CPU. */
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { type Bench, type Result, runBench } from '../common/bench.ts';
import { forkModule } from '../common/child.ts';
import { compare, type Figure, type Unit } from '../common/figure.ts';
import { readCounter } from '../common/read-counter.ts';
import { median } from '../common/statistics.ts';
import { configPathOf, startOurs } from '../gateway/our-gateway.ts';
import { addedMs, measureLatency } from './added-latency.ts';
import { ask } from './ask.ts';
import { measureFirstAnswer } from './first-answer.ts';
import { measureHeldStreams } from './held-streams.ts';

const PLAN = {
  quick: { rounds: 3, seconds: 1, starts: 3, holdSeconds: 5 },
  full: { rounds: 9, seconds: 5, starts: 9, holdSeconds: 60 },
} as const;
const CONNECTIONS = 64;
const IN_FLIGHT = 128;
const STREAMS = 500;

async function measure(bench: Bench): Promise<Result> {
  const plan = bench.options.quick ? PLAN.quick : PLAN.full;
  const upstream = forkModule(module('../gateway/upstream/main.ts'), bench.teardown);
  const generator = forkModule(module('../gateway/generator/main.ts'), bench.teardown);
  const [{ port }] = (await once(upstream.process, 'message')) as [{ port: number }];
  const { contender, servers } = await startOurs(bench, 'sagewai', `http://127.0.0.1:${port}`);
  const [server] = servers;
  const direct = { ports: [port], path: contender.path, headers: {} };
  const figures: Figure[] = [];
  const add = (metric: string, unit: Unit, ours: number, most: number): void => {
    const target = { of: 'ours', bound: 'at most', value: most } as const;
    figures.push(compare({ bench: 'calls', metric, unit, target }, [ours], null));
  };

  bench.say('Measuring what is added to a call at half load …');
  const { rounds, seconds } = plan;
  const seen = await measureLatency(
    generator,
    { through: contender, direct },
    { rounds, seconds, connections: CONNECTIONS },
  );
  bench.note(`Half load was ${seen.perSecond.toLocaleString('en')} calls a second.`);
  add('added_latency.p50', 'ms', addedMs(seen, 'p50Ms'), 1);
  add('added_latency.p99', 'ms', addedMs(seen, 'p99Ms'), 8);

  const statements = (): Promise<number> =>
    readCounter(server.url, 'sagewai_database_statements_total');
  const before = await statements();
  const load = {
    kind: 'json',
    connections: IN_FLIGHT,
    seconds: seconds * 2,
    perSecond: null,
  } as const;
  const { answers } = await ask(generator, contender, load);
  add('statements_per_request', 'count', ((await statements()) - before) / answers, 0.1);

  bench.say(`Holding ${STREAMS} streams open …`);
  const held = await measureHeldStreams(
    generator,
    { target: contender, pid: server.process.pid },
    { streams: STREAMS, seconds: plan.holdSeconds },
  );
  bench.note(
    `${held.streamsDone.toLocaleString('en')} of the streams that were held came to their end.`,
  );
  add('memory_at_500_streams', 'MB', held.mb, 300);

  bench.say('Starting servers …');
  const starts: number[] = [];
  for (let start = 0; start < plan.starts; start += 1) {
    const args = ['--config', configPathOf(bench)];
    starts.push(await measureFirstAnswer(bench, server, { ...contender, args }));
  }
  add('start_to_first_answer', 'ms', median(starts), 1_000);
  return { figures, isSound: true };
}

function module(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

await runBench('calls', { args: process.argv.slice(2), env: process.env }, measure);
