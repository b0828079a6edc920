import { join } from 'node:path';

import type { Bench } from '../common/bench.ts';
import { startChild } from '../common/child.ts';
import { freePort } from '../common/free-port.ts';
import { installPeer, peerFolder } from '../common/peer.ts';
import { isListening, waitForChild } from '../common/wait-until.ts';
import type { Contender } from './contender.ts';

const START_MS_MAX = 15_000;
const PATH = '/v1/chat/completions';

/** `node:http` and undici, nothing else: what is possible at all. */
export async function startBare(bench: Bench, upstreamUrl: string): Promise<Contender> {
  const port = await freePort();
  const child = startChild(
    {
      name: 'bare',
      command: process.execPath,
      args: ['server.mjs'],
      cwd: peerFolder('bare'),
      env: { ...bench.env, PORT: String(port), UPSTREAM_URL: upstreamUrl },
      logFile: join(bench.folder, 'bare.log'),
    },
    bench.teardown,
  );
  await waitForChild(child, () => isListening(port), START_MS_MAX);
  return { name: 'bare', port, path: PATH, headers: {}, process: child, databasePid: null };
}

/** Null, with a note, when it cannot be installed. */
export async function startPortkey(bench: Bench, upstreamUrl: string): Promise<Contender | null> {
  const peer = await installPeer('portkey', bench.options, bench.env);
  if (peer.kind === 'missing') {
    bench.note(peer.reason);
    return null;
  }
  const port = await freePort();
  const child = startChild(
    {
      name: 'portkey',
      command: process.execPath,
      args: [
        'node_modules/@portkey-ai/gateway/build/start-server.js',
        `--port=${port}`,
        '--headless',
      ],
      cwd: peer.folder,
      env: { ...bench.env, NODE_ENV: 'production' },
      logFile: join(bench.folder, 'portkey.log'),
    },
    bench.teardown,
  );
  await waitForChild(child, () => isListening(port), START_MS_MAX);
  const headers = {
    authorization: 'Bearer upstream',
    'x-portkey-provider': 'openai',
    'x-portkey-custom-host': `${upstreamUrl}/v1`,
  };
  return { name: 'portkey', port, path: PATH, headers, process: child, databasePid: null };
}
