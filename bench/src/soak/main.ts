/** `npm run soak`: calls for half an hour, whole and streamed, and the memory that the server takes meanwhile. */
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { ask } from '../calls/ask.ts';
import { type Bench, type Result, runBench } from '../common/bench.ts';
import { forkModule } from '../common/child.ts';
import { compare, type Figure } from '../common/figure.ts';
import { residentMb } from '../common/process-usage.ts';
import { startOurs } from '../gateway/our-gateway.ts';
import { KINDS } from '../gateway/scripted-answer.ts';
import { judgeMemory } from './judge-memory.ts';

const PLAN = {
  quick: { windows: 6, seconds: 2 },
  full: { windows: 180, seconds: 10 },
} as const;
/** The first windows compile code and fill caches. */
const WARM_UP_WINDOWS = 2;
const CONNECTIONS = 64;
/** A load that two cores carry, so that what is looked for is a leak and not a queue. */
const PER_SECOND = 800;
const LIMIT_MS = 40 * 60_000;

async function measure(bench: Bench): Promise<Result> {
  const { windows, seconds } = bench.options.quick ? PLAN.quick : PLAN.full;
  const upstream = forkModule(module('../gateway/upstream/main.ts'), bench.teardown);
  const generator = forkModule(module('../gateway/generator/main.ts'), bench.teardown);
  const [{ port }] = (await once(upstream.process, 'message')) as [{ port: number }];
  const { contender, servers } = await startOurs(bench, 'sagewai', `http://127.0.0.1:${port}`);
  const samplesMb: number[] = [];
  let calls = 0;
  for (let window = 0; window < windows + WARM_UP_WINDOWS; window += 1) {
    const kind = KINDS[window % KINDS.length] ?? 'json';
    const load = { kind, seconds, connections: CONNECTIONS, perSecond: PER_SECOND };
    // One window after another is what a soak is.
    const { answers } = await ask(generator, contender, load);
    calls += answers;
    if (window >= WARM_UP_WINDOWS) samplesMb.push(residentMb(servers[0].process.pid));
    if (window % 30 === 29)
      bench.say(`${calls.toLocaleString('en')} calls, ${samplesMb.at(-1)} MB`);
  }
  const { early, late, isFlat } = judgeMemory(samplesMb);
  bench.note(`${calls.toLocaleString('en')} calls; memory is ${isFlat ? 'flat' : 'not flat'}.`);
  const figures: Figure[] = [
    compare(
      { bench: 'soak', metric: 'memory.first_third', unit: 'MB', target: null },
      [early],
      null,
    ),
    compare({ bench: 'soak', metric: 'memory.last_third', unit: 'MB', target: null }, [late], null),
  ];
  return { figures, isSound: isFlat };
}

function module(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

const args = process.argv.slice(2);
await runBench('soak', { args, env: process.env, limitMs: LIMIT_MS }, measure);
