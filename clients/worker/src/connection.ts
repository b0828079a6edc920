/**
 * One session with the server, from its opening to its end: polls for as many runs as there are free
 * slots, runs them, and hands their reports to the outbox.
 *
 * A poll that got no answer is repeated with the same `poll_id`: leases whose answer was lost come back
 * (F6). Nothing here decides what is valid; the server does, by epoch.
 */
import { randomUUID } from 'node:crypto';

import { retryDelayMs, SagewaiError } from '@sagewai/sdk';

import { type FromHeartbeat, startHeartbeat } from './heartbeat.ts';
import { type Lease, leasesOf } from './lease.ts';
import type { WorkerLog } from './log.ts';
import { createOutbox } from './outbox.ts';
import { pause } from './pause.ts';
import { runLease, RunStopped } from './run-lease.ts';
import type { Session } from './session.ts';
import type { WorkerOptions } from './worker-options.ts';

export type ConnectionEnd =
  | { readonly kind: 'drained'; readonly unsent: number }
  /** The server does not know this session any more; another may be opened. */
  | { readonly kind: 'closed'; readonly reason: string }
  | { readonly kind: 'fatal'; readonly reason: string };

class Closed extends Error {}
class Fatal extends Error {}

interface Running {
  readonly lease: Lease;
  readonly stop: AbortController;
  readonly ended: Promise<void>;
}

const PENDING_POLL_MS = 2_000;
const POLL_ANSWER_MS = 15_000;

export async function serve(
  session: Session,
  options: WorkerOptions,
  log: WorkerLog,
  draining: AbortSignal,
): Promise<ConnectionEnd> {
  const over = new AbortController();
  const outbox = createOutbox(session.client, log, over.signal);
  const running = new Map<string, Running>();
  let slotFreed = Promise.withResolvers<void>();
  let pending = false;

  const heartbeat = startHeartbeat(session, options.url, (message) => {
    hear(message);
  });
  const polling = AbortSignal.any([draining, over.signal]);
  const tellHeld = (): void =>
    heartbeat.hold(
      [...running.values()].map(({ lease }) => ({ run_id: lease.runId, epoch: lease.epoch })),
    );

  function hear(message: FromHeartbeat): void {
    if (message.kind === 'missed') return;
    if (message.kind === 'refused') return over.abort(endOf(message.status, message.detail));
    if (message.token !== null) session.renew(message.token);
    if (message.status === 'pending' && !pending) log.note('waits for approval');
    if (message.status === 'approved' && pending) log.note('was approved');
    pending = message.status === 'pending';
    for (const id of message.cancel) running.get(id)?.stop.abort(new RunStopped('cancelled'));
    for (const id of message.lost) running.get(id)?.stop.abort(new RunStopped('lost'));
  }

  function begin(lease: Lease): void {
    const held = running.get(lease.runId);
    if (held) return; // The same poll, answered twice.
    const stop = new AbortController();
    const ended = runLease(lease, session, options.providers, stop.signal).then((report) => {
      if (report) outbox.put(report);
      running.delete(lease.runId);
      tellHeld();
      slotFreed.resolve();
      slotFreed = Promise.withResolvers();
    });
    running.set(lease.runId, { lease, stop, ended });
  }

  async function poll(): Promise<void> {
    while (!polling.aborted) {
      const slots = session.maxConcurrent - running.size;
      if (slots <= 0) {
        await Promise.race([slotFreed.promise, whenAborted(polling)]);
        continue;
      }
      for (const lease of await claim(slots)) begin(lease);
      tellHeld();
    }
  }

  async function claim(slots: number): Promise<Lease[]> {
    const body = { slots, poll_id: randomUUID(), poll_timeout: options.pollTimeoutMs / 1_000 };
    const timeoutMs = options.pollTimeoutMs + POLL_ANSWER_MS;
    for (let failures = 1; ; failures += 1) {
      try {
        const answer = await session.client.call(
          'fleet.claimRuns',
          { body },
          { signal: polling, timeoutMs },
        );
        return leasesOf(answer);
      } catch (thrown) {
        if (polling.aborted) return [];
        const failure = thrown instanceof SagewaiError ? thrown : null;
        if (failure?.code === 'worker.unapproved') {
          if (!pending) log.note('waits for approval');
          pending = true;
          await pause(PENDING_POLL_MS, polling).catch(() => undefined);
          return [];
        }
        if (failure && !failure.retryable) throw endOf(failure.status, failure.detail);
        if (failures === 1) log.note(`${failure?.detail ?? String(thrown)}; trying again`);
        const delayMs = retryDelayMs(failures, failure?.retryAfterMs ?? null, Math.random());
        await pause(delayMs, polling).catch(() => undefined);
      }
    }
  }

  const stopAll = (reason: 'lost' | 'drained'): void => {
    for (const { stop } of running.values()) stop.abort(new RunStopped(reason));
  };

  try {
    await poll();
    if (over.signal.aborted) throw over.signal.reason;
    const limit = AbortSignal.timeout(options.drainMsMax);
    await Promise.race([allEnded(running), whenAborted(limit)]);
    stopAll('drained');
    await allEnded(running);
    return { kind: 'drained', unsent: await outbox.drained(AbortSignal.timeout(5_000)) };
  } catch (thrown) {
    stopAll('lost');
    await allEnded(running);
    if (thrown instanceof Closed) return { kind: 'closed', reason: thrown.message };
    if (thrown instanceof Fatal) return { kind: 'fatal', reason: thrown.message };
    throw thrown;
  } finally {
    over.abort(new Closed('the session has ended'));
    await heartbeat.stop();
  }
}

/** 401: the token is not valid (any more), another session may be. 409: a newer process is this worker. */
function endOf(status: number, detail: string): Error {
  return status === 401 ? new Closed(detail) : new Fatal(detail);
}

async function allEnded(running: ReadonlyMap<string, Running>): Promise<void> {
  await Promise.all([...running.values()].map(({ ended }) => ended));
}

async function whenAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
