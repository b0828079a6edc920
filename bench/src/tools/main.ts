/** `npm run bench:tools`: what the gate costs a call of a tool beyond the tool itself. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { createApi } from '../common/api.ts';
import { type Bench, type Result, runBench } from '../common/bench.ts';
import { compare, type Figure } from '../common/figure.ts';
import { startServer } from '../common/server.ts';
import { median, percentile } from '../common/statistics.ts';

const PLAN = {
  quick: { warm: 100, rounds: 3, calls: 200 },
  full: { warm: 500, rounds: 9, calls: 1_000 },
};
const TARGET_MS = 2;

async function measure(bench: Bench): Promise<Result> {
  const plan = bench.options.quick ? PLAN.quick : PLAN.full;
  const tool = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      response.setHeader('content-type', 'application/json');
      response.end('{"ok":true}');
    });
  });
  await new Promise<void>((resolve) => {
    tool.listen(0, '127.0.0.1', resolve);
  });
  bench.teardown.defer('the tool', async () => {
    tool.closeAllConnections();
    await new Promise((resolve) => {
      tool.close(resolve);
    });
  });
  const url = `http://127.0.0.1:${(tool.address() as AddressInfo).port}`;
  const server = await startServer(bench, 'sagewai', [], { TOOL_PRIVATE_HOSTS: '127.0.0.1' });
  const administrator = { ...server.administrator, 'x-organization': 'default' };
  const setUp = createApi(server.url, administrator);
  const properties = { n: { type: 'number' }, note: { type: 'string' } };
  await setUp.post('/api/v1/tools', {
    name: 'fast',
    kind: 'http',
    mode: 'network',
    http: { method: 'POST', url: `${url}/` },
    input_schema: { type: 'object', properties, additionalProperties: false },
  });
  const { key } = (await setUp.post('/api/v1/keys', { name: 'bench' })) as { key: string };
  await setUp.close();
  const through = createApi(server.url, { authorization: `Bearer ${key}` });
  const direct = createApi(url, {});
  let n = 0;
  const call = (): Promise<unknown> =>
    through.post('/api/v1/tools/fast/calls', { arguments: { n: (n += 1), note: 'a note' } });
  const bare = (): Promise<unknown> => direct.post('/', { n: (n += 1), note: 'a note' });

  bench.say('Calling a tool that does nothing, through the gate and directly …');
  await timesOf(call, plan.warm);
  await timesOf(bare, plan.warm);
  const [p50s, p95s]: [number[], number[]] = [[], []];
  for (let round = 0; round < plan.rounds; round += 1) {
    const [gated, plain] = [await timesOf(call, plan.calls), await timesOf(bare, plan.calls)];
    p50s.push(median(gated) - median(plain));
    p95s.push(percentile(gated, 0.95) - percentile(plain, 0.95));
  }
  await through.close();
  await direct.close();
  const target = { of: 'ours', bound: 'at most', value: TARGET_MS } as const;
  const figures: Figure[] = [
    compare({ bench: 'tools', metric: 'added_latency.p50', unit: 'ms', target }, p50s, null),
    compare({ bench: 'tools', metric: 'added_latency.p95', unit: 'ms', target: null }, p95s, null),
  ];
  bench.note('One call at a time, each with its two commits that sync to the disk.');
  return { figures, isSound: true };
}

async function timesOf(work: () => Promise<unknown>, times: number): Promise<number[]> {
  const taken: number[] = [];
  for (let at = 0; at < times; at += 1) {
    const begunMs = performance.now();
    await work();
    taken.push(performance.now() - begunMs);
  }
  return taken;
}

await runBench('tools', { args: process.argv.slice(2), env: process.env }, measure);
