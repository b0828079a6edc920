/**
 * One session with the server, from its opening to its end: polls for as many runs as there are free
 * slots, runs them, and hands their reports to the outbox. Nothing here decides what is valid; the
 * server does, by epoch.
 *
 * - C1. Everything held is named in every heartbeat: before its first instruction, and until its report
 *   has been taken. A lease that is not named goes back to the queue.
 * - C2. What the server says about a lease concerns that epoch, never a later attempt at the same run.
 */
import { SagewaiError } from '@sagewai/sdk';

import { claimRuns } from './claim-runs.ts';
import { type ConnectionEnd, endOf } from './connection-end.ts';
import { type FromHeartbeat, startHeartbeat } from './heartbeat.ts';
import { createHeldRuns } from './held-runs.ts';
import { createIdleMemory } from './idle-memory.ts';
import { createLatch } from './latch.ts';
import { fromWire, keyOf, type Lease, toWire } from './lease.ts';
import type { WorkerLog } from './log.ts';
import { overridesModels, providersOf } from './models/providers-of.ts';
import { createOutbox } from './outbox.ts';
import { endsWithin, pauseAtMost, whenAborted } from './pause.ts';
import { keepProbing } from './probe-loop.ts';
import { probeModels } from './probe-models.ts';
import { createReachability } from './reachability.ts';
import { runLease } from './run-lease.ts';
import { sayLeaving } from './say-leaving.ts';
import type { Session } from './session.ts';
import { tellWorkflows } from './tell-workflows.ts';
import type { WorkerEnd, WorkerOptions } from './worker-options.ts';

/** Carries the end of a session to where it is waited for. */
class Ended extends Error {
  readonly end: ConnectionEnd;

  constructor(end: ConnectionEnd) {
    super(end.kind);
    this.end = end;
  }
}

/** How long runs that were told to stop may take for it. */
const STOP_MS = 5_000;
/** How long the last reports are waited for: as long as the drain may take, within these bounds. */
const LAST_REPORTS_MS = { min: 1_000, max: 5_000 };
/** A server that has nothing and does not wait either is not asked again at once. */
const IDLE_MS = 250;
/** Reports that wait count against new runs, lest they fill the memory. */
const WAITING_REPORTS_PER_SLOT = 4;

export async function serve(
  session: Session,
  options: WorkerOptions,
  log: WorkerLog,
  draining: AbortSignal,
): Promise<ConnectionEnd> {
  const over = new AbortController();
  const leaving = new AbortController();
  const polling = AbortSignal.any([draining, over.signal, leaving.signal]);
  const staying = createLatch(true);
  const approved = createLatch(session.status === 'approved');
  const room = createLatch(true);
  const reach = createReachability(log);
  const memory = createIdleMemory();
  const end = (how: ConnectionEnd): void => over.abort(new Ended(how));

  const outbox = createOutbox({
    client: session.client,
    log,
    over: over.signal,
    onRefused: (refusal) => end(endOf(refusal, session)),
    onTaken: () => changed(),
  });
  const held = createHeldRuns({
    run: async (lease, signal) => {
      const report = await runLease(lease, session, options, signal);
      if (report) outbox.put(report);
    },
    onBegun: () => {
      memory.busy();
      changed();
      tellHeld();
    },
    onEnded: () => {
      if (held.size === 0) memory.idle();
      changed();
    },
  });
  const heartbeat = startHeartbeat(session, options, hear);
  if (options.leaveOnStop) {
    const leave = (): void => void sayLeaving(session, log);
    draining.addEventListener('abort', leave, { once: true });
  }
  const probing = options.probe === null ? null : startProbing(options.probe);
  let telling: NodeJS.Immediate | undefined;

  function startProbing({ how, everyMs, timeoutMs }: NonNullable<WorkerOptions['probe']>) {
    const { models } = session.capabilities;
    const { sendToProvider: send } = options;
    return keepProbing(
      {
        probe: async () => {
          // As a run of now would call them.
          const credentials = await options.credentials.take();
          const providers = providersOf(options.providers, credentials);
          const isOverridden = overridesModels(credentials);
          return probeModels({ models, providers, isOverridden, send, how, timeoutMs });
        },
        onProbed: (probes, isNews) => heartbeat.tell(probes, isNews),
        everyMs,
        random: Math.random,
      },
      over.signal,
    );
  }

  function changed(): void {
    const waitingMax = session.maxConcurrent * WAITING_REPORTS_PER_SLOT;
    room.set(held.size < session.maxConcurrent && outbox.waiting.length < waitingMax);
    // What is gone may be named a moment longer, so many ends are told together.
    telling ??= setImmediate(tellHeld);
    leaveIfEmpty();
  }

  /** An administrator asks it to go, or to stay after all. */
  function learnDraining(isDraining: boolean): void {
    if (isDraining === staying.isOpen) {
      log.note(isDraining ? 'asked to go: takes no new runs' : 'may stay: takes runs again');
    }
    staying.set(!isDraining);
    leaveIfEmpty();
  }

  function leaveIfEmpty(): void {
    if (staying.isOpen || !options.exitWhenDrained) return;
    if (held.size === 0 && outbox.waiting.length === 0) leaving.abort(new Error('it is drained'));
  }

  function tellHeld(): void {
    clearImmediate(telling);
    telling = undefined;
    heartbeat.hold([...held.names, ...outbox.waiting.map(fromWire)].map(toWire)); // C1
  }

  function hear(message: FromHeartbeat): void {
    if (message.kind === 'missed') return reach.missed(message.detail);
    if (message.kind === 'unkept') {
      return log.warn(
        `no new token is asked for: its generation cannot be kept (${message.detail})`,
      );
    }
    if (message.kind === 'refused') return end(endOf(message, session));
    if (message.kind === 'died') {
      return end({ kind: 'closed', reason: `the heartbeat thread died: ${message.detail}` });
    }
    reach.answered();
    if (message.token !== null) session.renew(message.token);
    learnStatus(message.status);
    learnDraining(message.draining);
    held.stop('cancelled', ({ runId }) => message.cancel.includes(runId));
    const lost = new Set(message.lost.map((name) => keyOf(fromWire(name)))); // C2
    held.stop('lost', (lease) => lost.has(keyOf(lease)));
  }

  function learnStatus(status: Session['status']): void {
    if (status === 'rejected' || status === 'revoked') {
      return end({ kind: 'fatal', why: 'auth', reason: `an administrator ${status} this worker` });
    }
    if (status === 'approved' && !approved.isOpen) log.note('approved: claiming runs');
    approved.set(status === 'approved');
  }

  async function poll(): Promise<void> {
    let areTold = options.workflows.size === 0;
    for (;;) {
      await approved.opened(polling);
      await room.opened(polling);
      await staying.opened(polling);
      if (polling.aborted) return;
      if (!areTold) areTold = await tellWorkflows(session.client, options.workflows, log, polling);
      const askedAt = performance.now();
      const claim = await claimRuns({
        client: session.client,
        slots: session.maxConcurrent - held.size,
        pollTimeoutMs: options.pollTimeoutMs,
        polling,
        over: over.signal,
        onMissed: (detail) => reach.missed(detail),
      });
      if (claim.kind === 'unapproved') {
        approved.set(false);
        continue;
      }
      begin(claim.leases);
      if (claim.draining) learnDraining(true);
      const isIdle = claim.leases.length === 0 && performance.now() - askedAt < IDLE_MS;
      if (isIdle) await pauseAtMost(IDLE_MS, polling);
    }
  }

  function begin(leases: readonly Lease[]): void {
    reach.answered();
    const known = new Set([...held.names, ...outbox.waiting.map(fromWire)].map(keyOf));
    const fresh = leases.filter((lease) => !known.has(keyOf(lease)));
    // C2. An earlier attempt at the same run is over, or the server had not given out a later one.
    const epochs = new Map(fresh.map(({ runId, epoch }) => [runId, epoch]));
    held.stop('lost', ({ runId, epoch }) => epoch < (epochs.get(runId) ?? 0));
    if (fresh.length > 0) held.begin(fresh);
  }

  async function drain(): Promise<WorkerEnd> {
    if (held.size > 0) log.note(`${held.size} runs may go on for ${options.drainMsMax / 1_000} s`);
    const ended = held.allEnded();
    if (!(await endsWithin(Promise.race([ended, whenAborted(over.signal)]), options.drainMsMax))) {
      held.stop('drained', () => true);
      await endsWithin(ended, STOP_MS);
    }
    over.signal.throwIfAborted();
    const { min, max } = LAST_REPORTS_MS;
    const unsent = await outbox.drained(Math.max(min, Math.min(max, options.drainMsMax)));
    return { kind: 'drained', unsent: unsent + held.size };
  }

  try {
    await poll();
    over.signal.throwIfAborted();
    return await drain();
  } catch (thrown) {
    const failure = thrown instanceof SagewaiError ? new Ended(endOf(thrown, session)) : thrown;
    held.stop('lost', () => true);
    await endsWithin(held.allEnded(), STOP_MS);
    if (failure instanceof Ended) return failure.end;
    throw failure;
  } finally {
    end({ kind: 'closed', reason: 'the worker has ended' });
    clearImmediate(telling);
    memory.busy();
    await probing;
    await heartbeat.stop();
  }
}
