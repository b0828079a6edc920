import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Bench } from '../common/bench.ts';
import { type Child, startChild } from '../common/child.ts';
import { freePort } from '../common/free-port.ts';
import { installPeer, peerFolder } from '../common/peer.ts';
import { answersWell, isListening, waitForChild } from '../common/wait-until.ts';
import type { Contender } from './contender.ts';
import { MODEL } from './scripted-answer.ts';

const START_MS_MAX = 15_000;
/** It imports all of its providers first, in each of its workers. */
const LITELLM_START_MS_MAX = 90_000;
const PATH = '/v1/chat/completions';

/** `node:http` and undici, nothing else: what is possible at all. */
export async function startBare(
  bench: Bench,
  upstreamUrl: string,
  count: number,
): Promise<Contender> {
  const { ports, processes } = await startEach(bench, count, (port, name) => ({
    name: `bare${name}`,
    command: process.execPath,
    args: ['server.mjs'],
    cwd: peerFolder('bare'),
    env: { ...bench.env, PORT: String(port), UPSTREAM_URL: upstreamUrl },
    logFile: join(bench.folder, `bare${name}.log`),
  }));
  return { name: 'bare', ports, path: PATH, headers: {}, processes, databasePid: null };
}

/** Null, with a note, when it cannot be installed. */
export async function startPortkey(
  bench: Bench,
  upstreamUrl: string,
  count: number,
): Promise<Contender | null> {
  const peer = await installPeer('portkey', bench.options, bench.env);
  if (peer.kind === 'missing') {
    bench.note(peer.reason);
    return null;
  }
  const program = 'node_modules/@portkey-ai/gateway/build/start-server.js';
  const { ports, processes } = await startEach(bench, count, (port, name) => ({
    name: `portkey${name}`,
    command: process.execPath,
    args: [program, `--port=${port}`, '--headless'],
    cwd: peer.folder,
    env: { ...bench.env, NODE_ENV: 'production' },
    logFile: join(bench.folder, `portkey${name}.log`),
  }));
  const headers = {
    authorization: 'Bearer upstream',
    'x-portkey-provider': 'openai',
    'x-portkey-custom-host': `${upstreamUrl}/v1`,
  };
  return { name: 'portkey', ports, path: PATH, headers, processes, databasePid: null };
}

/** Two workers under one parent, with its prices and nothing else of its own. Null when it cannot be installed. */
export async function startLitellm(bench: Bench, upstreamUrl: string): Promise<Contender | null> {
  const peer = await installPeer('litellm', bench.options, bench.env);
  if (peer.kind === 'missing') {
    bench.note(peer.reason);
    return null;
  }
  const config = join(bench.folder, 'litellm.yaml');
  const masterKey = `sk-${randomBytes(24).toString('hex')}`;
  writeFileSync(config, litellmConfig(upstreamUrl, masterKey));
  const port = await freePort();
  const child = startChild(
    {
      name: 'litellm',
      command: join(peer.folder, '.venv/bin/litellm'),
      args: `--config ${config} --host 127.0.0.1 --port ${port} --num_workers 2`.split(' '),
      cwd: peer.folder,
      env: { ...bench.env, LITELLM_LOCAL_MODEL_COST_MAP: 'True', LITELLM_LOG: 'ERROR' },
      logFile: join(bench.folder, 'litellm.log'),
    },
    bench.teardown,
  );
  const url = `http://127.0.0.1:${port}/health/liveliness`;
  try {
    await waitForChild(child, () => answersWell(url), LITELLM_START_MS_MAX);
  } catch (cause) {
    bench.note(`litellm is left out: ${(cause as Error).message.trim().split('\n').at(-1)}`);
    return null;
  }
  return {
    name: 'litellm',
    ports: [port],
    path: PATH,
    headers: { authorization: `Bearer ${masterKey}` },
    processes: [child],
    databasePid: null,
  };
}

/** JSON is YAML. It starts with no weaker key, and answers nobody without one. */
function litellmConfig(upstreamUrl: string, masterKey: string): string {
  const params = { model: `openai/${MODEL}`, api_base: `${upstreamUrl}/v1`, api_key: 'upstream' };
  return JSON.stringify({
    model_list: [{ model_name: MODEL, litellm_params: params }],
    general_settings: { master_key: masterKey },
  });
}

/** As many processes as asked for, each on a port of its own, all listening. */
async function startEach(
  bench: Bench,
  count: number,
  describe: (port: number, suffix: string) => Parameters<typeof startChild>[0],
): Promise<{ ports: number[]; processes: Child[] }> {
  const ports = await Promise.all(Array.from({ length: count }, () => freePort()));
  const processes = ports.map((port, at) =>
    startChild(describe(port, at === 0 ? '' : `-${at + 1}`), bench.teardown),
  );
  const ready = processes.map((child, at) =>
    waitForChild(child, () => isListening(ports[at] ?? 0), START_MS_MAX),
  );
  await Promise.all(ready);
  return { ports, processes };
}
