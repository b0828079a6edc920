import { retryDelayMs, SagewaiError } from '@sagewai/sdk';

import { serve } from './connection.ts';
import { enroll, forget, type Identity, isLasting } from './enroll.ts';
import type { WorkerLog } from './log.ts';
import { pause } from './pause.ts';
import { openSession, type Session } from './session.ts';
import type { WorkerEnd, WorkerOptions } from './worker-options.ts';

/** Redial, backoff and stop: keeps one session alive after another until told to drain. */
export async function supervise(
  options: WorkerOptions,
  log: WorkerLog,
  draining: AbortSignal,
): Promise<WorkerEnd> {
  let reopened = 0;
  while (!draining.aborted) {
    const opened = await open(options, log, draining);
    if (opened.kind !== 'open') return opened;
    const { session } = opened;
    log.note(`session ${session.epoch} of ${session.workerId}, ${session.maxConcurrent} at a time`);
    const end = await serve(session, options, log, draining);
    if (end.kind !== 'closed') return end;
    log.note(`the session was closed: ${end.reason}`);
    reopened += 1;
    await pause(retryDelayMs(reopened, null, Math.random()), draining).catch(() => undefined);
  }
  return { kind: 'drained', unsent: 0 };
}

type Opened =
  | { readonly kind: 'open'; readonly session: Session }
  | Extract<WorkerEnd, { kind: 'drained' | 'fatal' }>;

/** Waits for a server that is not up yet, with one clear line; what a person must mend ends it. */
async function open(
  options: WorkerOptions,
  log: WorkerLog,
  draining: AbortSignal,
): Promise<Opened> {
  const startedAt = performance.now();
  let identity: Identity | null = null;
  for (let failures = 1; ; failures += 1) {
    try {
      identity ??= await enroll(options, log);
      return { kind: 'open', session: await openSession(options, identity) };
    } catch (thrown) {
      if (draining.aborted) return { kind: 'drained', unsent: 0 };
      if (isLasting(thrown)) {
        if (await enrollsAnew(options, identity, thrown)) {
          log.note(`${thrown.detail}; enrolling again`);
          identity = null;
          continue;
        }
        return { kind: 'fatal', reason: thrown.detail };
      }
      if (!(thrown instanceof SagewaiError)) throw thrown;
      if (performance.now() - startedAt > options.serverWaitMsMax) {
        return { kind: 'fatal', reason: `${thrown.detail}; gave up waiting` };
      }
      if (failures === 1) log.note(`${thrown.detail}; waiting for it`);
      await pause(retryDelayMs(failures, thrown.retryAfterMs, Math.random()), draining).catch(
        () => undefined,
      );
    }
  }
}

/** A kept credential that the server does not know is given up once, when a key can make another. */
async function enrollsAnew(
  options: WorkerOptions,
  identity: Identity | null,
  { code, status }: SagewaiError,
): Promise<boolean> {
  const unknown = status === 401 && code !== 'worker.revoked';
  if (identity?.kind !== 'secret' || !unknown || !options.enrollmentKey) return false;
  await forget(options);
  return true;
}
