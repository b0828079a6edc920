/** `npm run bench:gateway`: JSON and SSE through our gateway, beside a bare proxy and Portkey's. */
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { type Bench, type Result, runBench } from '../common/bench.ts';
import { forkModule } from '../common/child.ts';
import type { Figure } from '../common/figure.ts';
import { residentFigure, settle } from '../common/resident.ts';
import { figuresOf, isSound, OURS, remarksOn } from './figures.ts';
import { startOurs } from './our-gateway.ts';
import { startBare, startLitellm, startPortkey } from './peers.ts';
import { type Plan, playRounds } from './rounds.ts';
import { KINDS } from './scripted-answer.ts';

const SERVER_MB_MAX = 250;

const PLAN = {
  quick: { rounds: 3, seconds: 1, warmUpSeconds: 2 },
  full: { rounds: 9, seconds: 4, warmUpSeconds: 3 },
} as const satisfies Record<string, Plan>;

async function measure(bench: Bench): Promise<Result> {
  const upstream = forkModule(module('./upstream/main.ts'), bench.teardown);
  const generator = forkModule(module('./generator/main.ts'), bench.teardown);
  const [{ port }] = (await once(upstream.process, 'message')) as [{ port: number }];
  const upstreamUrl = `http://127.0.0.1:${port}`;
  const { processes } = bench.options;
  const ours = await startOurs(bench, OURS, upstreamUrl, { count: processes });
  const contenders = [
    ours.contender,
    await startBare(bench, upstreamUrl, processes),
    await startPortkey(bench, upstreamUrl, processes),
    await startLitellm(bench, upstreamUrl),
  ].filter((one) => one !== null);
  bench.say('Measuring the gateways in turns …');
  const samples = await playRounds(
    contenders,
    generator,
    bench.options.quick ? PLAN.quick : PLAN.full,
  );
  const names = contenders.map(({ name }) => name);
  for (const line of remarksOn(samples, names)) bench.note(line);
  const peers = names.filter((name) => name !== OURS);
  const figures: Figure[] = figuresOf(samples, peers);
  await settle(bench.options);
  const pids = ours.servers.map(({ process }) => process.pid);
  figures.push(residentFigure('gateway', 'server_rss', { pids, mbMax: SERVER_MB_MAX }));
  return { figures, isSound: KINDS.every((kind) => isSound(samples, OURS, kind)) };
}

function module(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

const args = process.argv.slice(2);
await runBench('gateway', { args, env: process.env, own: ['--two-processes'] }, measure);
