import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import type { Bench } from '../common/bench.ts';
import { adoptChild, startChild } from '../common/child.ts';
import { freePort } from '../common/free-port.ts';
import { installPeer, type PeerName } from '../common/peer.ts';
import type { Postgres } from '../common/postgres.ts';
import { isListening, waitForChild } from '../common/wait-until.ts';
import type { Contender, Passage } from './contender.ts';

const READY_MS_MAX = 15_000;

/** Null, with a note, when it cannot be had. */
export async function startGraphileWorker(
  bench: Bench,
  postgres: Postgres,
): Promise<Contender | null> {
  return startPeer(bench, 'graphile-worker', { DATABASE_URL: postgres.peerUrl });
}

/** Null, with a note, when it or Redis cannot be had. */
export async function startBullmq(bench: Bench): Promise<Contender | null> {
  try {
    await promisify(execFile)('redis-server', ['--version']);
  } catch {
    bench.note(
      'bullmq was left out: there is no redis-server (Debian: apt-get install redis-server).',
    );
    return null;
  }
  const port = await startRedis(bench);
  return startPeer(bench, 'bullmq', { REDIS_PORT: String(port) });
}

/** With the append-only file that BullMQ's guide asks for in production, synced once a second. */
async function startRedis(bench: Bench): Promise<number> {
  const port = await freePort();
  const folder = join(bench.folder, 'redis');
  mkdirSync(folder);
  const settings = {
    port,
    bind: '127.0.0.1',
    dir: folder,
    save: '',
    appendonly: 'yes',
    appendfsync: 'everysec',
    'maxmemory-policy': 'noeviction',
  };
  const redis = startChild(
    {
      name: 'redis-server',
      command: 'redis-server',
      args: Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]),
      cwd: folder,
      env: bench.env,
      logFile: join(bench.folder, 'redis.log'),
    },
    bench.teardown,
  );
  await waitForChild(redis, () => isListening(port), READY_MS_MAX);
  return port;
}

async function startPeer(
  bench: Bench,
  name: PeerName,
  env: Readonly<Record<string, string>>,
): Promise<Contender | null> {
  const peer = await installPeer(name, bench.options, bench.env);
  if (peer.kind === 'missing') {
    bench.note(peer.reason);
    return null;
  }
  const child = fork(join(peer.folder, 'run.mjs'), {
    cwd: peer.folder,
    env: { ...bench.env, ...env },
    detached: true,
  });
  adoptChild(name, child, { logFile: null, teardown: bench.teardown });
  await once(child, 'message', { signal: AbortSignal.timeout(READY_MS_MAX) });
  return {
    name,
    pass: async (jobs, mode) => {
      child.send({ jobs, mode });
      const [{ elapsedMs }] = (await once(child, 'message')) as [{ elapsedMs: number }];
      return { elapsedMs, mistakes: 0 } satisfies Passage;
    },
  };
}
