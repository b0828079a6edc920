/**
 * Runs in a thread of its own, so that busy user code cannot stop the signs of life. It shares nothing
 * with the main thread: what it must know arrives as messages, and so does what it learned.
 */
import { parentPort, workerData } from 'node:worker_threads';

import { createClient, SagewaiError } from '@sagewai/sdk';

import type { FromHeartbeat, HeartbeatStart, ToHeartbeat } from './heartbeat.ts';

const port = parentPort;
if (!port) throw new Error('this file runs as a worker thread');

const start = workerData as HeartbeatStart;
let token = start.token;
let held: readonly { run_id: string; epoch: number }[] = [];
let intervalMs = start.intervalMs;
let timer: NodeJS.Timeout | undefined;
let beating = false;
const client = createClient({ url: start.url, token: () => token });
const tell = (message: FromHeartbeat): void => port.postMessage(message);

async function beat(): Promise<void> {
  if (beating) return;
  beating = true;
  clearTimeout(timer);
  try {
    const answer = await client.call(
      'fleet.heartbeat',
      { body: { runs: [...held] } },
      { timeoutMs: Math.max(1_000, intervalMs) },
    );
    intervalMs = Math.min(start.intervalMs, answer.heartbeat_interval_ms);
    if (answer.token) token = answer.token;
    tell({
      kind: 'beaten',
      status: answer.status,
      cancel: answer.cancel,
      lost: answer.lost,
      token: answer.token ?? null,
    });
  } catch (thrown) {
    const failure = thrown instanceof SagewaiError ? thrown : null;
    const lasting = failure !== null && !failure.retryable && failure.status > 0;
    tell({
      kind: lasting ? 'refused' : 'missed',
      status: failure?.status ?? 0,
      detail: failure?.detail ?? String(thrown),
    });
  } finally {
    beating = false;
    timer = setTimeout(() => void beat(), intervalMs);
  }
}

port.on('message', (message: ToHeartbeat) => {
  if (message.kind === 'held') held = message.runs;
  else token = message.token;
});
void beat();
