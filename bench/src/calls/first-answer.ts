import { setTimeout as pause } from 'node:timers/promises';

import type { Bench } from '../common/bench.ts';
import { freePort } from '../common/free-port.ts';
import { type Server, startSagewai } from '../common/server.ts';
import { requestBody } from '../gateway/scripted-answer.ts';
import type { Target } from './ask.ts';

const STEP_MS = 5;
const MS_MAX = 30_000;

/**
 * From starting the command to the first whole answer of a model, on a database that is there: how long a
 * replica that was added, or one that is replaced, is missed.
 */
export async function measureFirstAnswer(
  bench: Bench,
  of: Server,
  { headers, path, args }: Target & { readonly args: readonly string[] },
): Promise<number> {
  const port = await freePort();
  const startedAt = performance.now();
  const child = startSagewai(bench, `start-${port}`, {
    args: ['server', '--port', String(port), ...args],
    env: { DATABASE_URL: of.postgres.url, SAGEWAI_HOME: of.home },
  });
  while (!(await isAnswered(`http://127.0.0.1:${port}${path}`, headers))) {
    if (child.hasEnded() || performance.now() - startedAt > MS_MAX)
      throw new Error(`it did not answer:\n${child.tail()}`);
    await pause(STEP_MS);
  }
  const ms = performance.now() - startedAt;
  child.process.kill('SIGTERM');
  return ms;
}

async function isAnswered(url: string, headers: Target['headers']): Promise<boolean> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: requestBody('json'),
      signal: AbortSignal.timeout(2_000),
    });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}
