import { retryDelayMs, SagewaiError, spreadDelayMs } from '@sagewai/sdk';

import { serve } from './connection.ts';
import { enroll, forget, type Identity } from './enroll.ts';
import type { WorkerLog } from './log.ts';
import { pauseAtMost } from './pause.ts';
import { openSession, type Session } from './session.ts';
import type { WorkerEnd, WorkerOptions } from './worker-options.ts';

/** A session that lasted so long was a good one: the next is opened without delay. */
const GOOD_SESSION_MS = 60_000;

/** Redial, backoff and stop: keeps one session alive after another until told to drain. */
export async function supervise(
  options: WorkerOptions,
  log: WorkerLog,
  draining: AbortSignal,
): Promise<WorkerEnd> {
  let closed = 0;
  while (!draining.aborted) {
    const opened = await open(options, log, draining);
    if (opened.kind !== 'open') return opened;
    const openedAt = performance.now();
    log.note(describe(opened.session, options));
    const end = await serve(opened.session, options, log, draining);
    if (end.kind !== 'closed') return end;
    log.note(`the session was closed: ${end.reason}`);
    closed = performance.now() - openedAt > GOOD_SESSION_MS ? 0 : closed + 1;
    if (closed > 0) await pauseAtMost(retryDelayMs(closed, null, Math.random()), draining);
  }
  return { kind: 'drained', unsent: 0 };
}

function describe(session: Session, { maxConcurrent }: WorkerOptions): string {
  const { workerId, epoch, status, capabilities } = session;
  const { pool, models, max_concurrent: recorded } = capabilities;
  const parts = [
    `worker ${workerId}, session ${epoch}: pool ${pool}`,
    models.length > 0 ? `models ${models.join(', ')}` : 'no models',
    `${session.maxConcurrent} at a time${recorded < maxConcurrent ? ' (as registered)' : ''}`,
  ];
  return `${parts.join('; ')}${status === 'pending' ? '; waits for approval' : ''}`;
}

type Opened = { readonly kind: 'open'; readonly session: Session } | WorkerEnd;

/** Waits for a server that is not up yet, with one clear line; what a person must mend ends it. */
async function open(
  options: WorkerOptions,
  log: WorkerLog,
  draining: AbortSignal,
): Promise<Opened> {
  const startedAt = performance.now();
  let identity: Identity | null = null;
  let mayEnrollAnew = options.enrollmentKey !== '';
  for (let failures = 1; ; failures += 1) {
    try {
      identity ??= await enroll(options, log, draining);
      return { kind: 'open', session: await openSession(options, identity, draining) };
    } catch (thrown) {
      if (draining.aborted) return { kind: 'drained', unsent: 0 };
      if (!(thrown instanceof SagewaiError)) throw thrown;
      if (!thrown.retryable) {
        if (!mayEnrollAnew || !isForgotten(identity, thrown)) return fatal(thrown, options);
        // Once: were the new credential refused too, every try would take a use of the key.
        mayEnrollAnew = false;
        log.note(`${thrown.detail}: enrolling again`);
        await forget(options);
        identity = null;
        continue;
      }
      if (failures === 1) log.note(`${thrown.detail}; waiting for the server`);
      const delayMs = spreadDelayMs(failures, thrown.retryAfterMs, Math.random());
      if (performance.now() - startedAt + delayMs > options.serverWaitMsMax) {
        const waited = `gave up after ${options.serverWaitMsMax / 1_000} s (SERVER_WAIT)`;
        return { kind: 'fatal', why: 'unavailable', reason: `${thrown.detail}; ${waited}` };
      }
      await pauseAtMost(delayMs, draining);
    }
  }
}

/** Whether the server does not know the kept credential: a key can make another. */
function isForgotten(identity: Identity | null, { status, code }: SagewaiError): boolean {
  return identity?.kind === 'secret' && status === 401 && code !== 'worker.revoked';
}

function fatal({ status, detail }: SagewaiError, { enrollmentKey, workerToken }: WorkerOptions) {
  const isAuth = status === 401 || status === 403;
  const lacksBoth = isAuth && !enrollmentKey && !workerToken;
  const advice = lacksBoth
    ? '; ENROLLMENT_KEY enrolls it (`sagewai fleet create-key` makes one), and so does WRT_TOKEN'
    : '';
  return {
    kind: 'fatal',
    why: isAuth ? 'auth' : 'error',
    reason: `${detail}${advice}`,
  } as const;
}
