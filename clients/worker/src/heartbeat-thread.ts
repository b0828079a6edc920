/**
 * Runs in a thread of its own, so that busy user code cannot stop the signs of life. It shares nothing
 * with the main thread: what it must know arrives as messages, and so does what it learned.
 */
import { parentPort, workerData } from 'node:worker_threads';

import { type CallOutput, createClient, retryDelayMs, SagewaiError } from '@sagewai/sdk';
import { createNodeSend } from '@sagewai/sdk/node';

import type { FromHeartbeat, HeartbeatStart, ToHeartbeat } from './heartbeat.ts';
import type { WireLeaseName } from './lease.ts';
import type { Probe } from './probe-models.ts';
import { createTokenRenewal } from './token-renewal.ts';

/** While it waits for approval, a worker asks more often: a person is looking on. */
const PENDING_INTERVAL_MS = 2_000;
/** A server gathers heartbeats: an answer may take a tenth of its own interval, however short ours is. */
const ANSWER_MS_MIN = 10_000;

const port = parentPort;
if (!port) throw new Error('this file runs as a worker thread');

const start = workerData as HeartbeatStart;
let { token, status, intervalMs } = start;
let held: readonly WireLeaseName[] = [];
let probes: readonly Probe[] | null = null;
let misses = 0;
let timer: NodeJS.Timeout | undefined;
let isBeating = false;
let isHurried = false;
const client = createClient({
  url: start.url,
  token: () => token,
  send: createNodeSend(start.serverTls),
});
const tell = (message: FromHeartbeat): void => port.postMessage(message);
const renewal = createTokenRenewal(start, (detail) => tell({ kind: 'unkept', detail }));

async function beat(): Promise<void> {
  const named = held;
  const found = probes;
  clearTimeout(timer);
  isBeating = true;
  isHurried = false;
  try {
    const answer = await client.call(
      'fleet.heartbeat',
      { body: { runs: [...named], ...(found === null ? {} : { probes: [...found] }) } },
      { timeoutMs: Math.max(ANSWER_MS_MIN, intervalMs), headers: renewal.headers(token) },
    );
    misses = 0;
    if (probes === found) probes = null;
    learn(answer, named);
  } catch (thrown) {
    misses += 1;
    tellFailure(thrown);
  }
  isBeating = false;
  timer = setTimeout(() => void beat(), isHurried ? 0 : nextMs());
}

function learn(answer: CallOutput<'fleet.heartbeat'>, named: readonly WireLeaseName[]): void {
  status = answer.status;
  intervalMs = Math.min(start.intervalMs, answer.heartbeat_interval_ms);
  renewal.learn(answer);
  token = answer.token ?? token;
  tell({
    kind: 'beaten',
    status,
    cancel: answer.cancel,
    lost: named.filter(({ run_id: id }) => answer.lost.includes(id)),
    token: answer.token ?? null,
    draining: answer.draining ?? false,
  });
}

function tellFailure(thrown: unknown): void {
  const failure = thrown instanceof SagewaiError ? thrown : null;
  if (failure && failure.status > 0 && !failure.retryable) {
    tell({
      kind: 'refused',
      status: failure.status,
      code: failure.code,
      detail: failure.detail,
    });
  } else {
    tell({ kind: 'missed', detail: failure?.detail ?? String(thrown) });
  }
}

/** A missed beat is made up for soon: a server that restarts must not find its workers silent. */
function nextMs(): number {
  const askedMs = status === 'pending' ? Math.min(intervalMs, PENDING_INTERVAL_MS) : intervalMs;
  const regularMs = Math.min(askedMs, renewal.dueInMs());
  return misses === 0 ? regularMs : Math.min(regularMs, retryDelayMs(misses, null, Math.random()));
}

port.on('message', (message: ToHeartbeat) => {
  if (message.kind === 'hold') {
    held = message.runs;
    return;
  }
  ({ probes } = message);
  if (!message.isNews) return;
  isHurried = true;
  if (!isBeating) void beat();
});
void beat();
