import { randomUUID } from 'node:crypto';

import { retryDelayMs, SagewaiError, spreadDelayMs } from '@sagewai/sdk';

import { adviceFor } from './advice.ts';
import { serve } from './connection.ts';
import {
  bringKeyByToken,
  enroll,
  type Enrolling,
  forget,
  forgetKey,
  type Identity,
  type Self,
} from './enroll.ts';
import type { WorkerLog } from './log.ts';
import { takeKey, withKey } from './own-key.ts';
import { pauseAtMost } from './pause.ts';
import { openSession, type Session } from './session.ts';
import type { WorkerEnd, WorkerOptions } from './worker-options.ts';

/** A session that lasted so long was a good one: the next is opened without delay. */
const GOOD_SESSION_MS = 60_000;
/** Of the generation of a token, with room to spare. */
const MEMORY_BYTES = 1_024;

/** Redial, backoff and stop: keeps one session alive after another until told to drain. */
export async function supervise(
  given: WorkerOptions,
  log: WorkerLog,
  draining: AbortSignal,
): Promise<WorkerEnd> {
  const self: Self = {
    holder: randomUUID(),
    memory: new SharedArrayBuffer(MEMORY_BYTES),
    unkept: null,
    isKeyless: false,
  };
  let options = given;
  let closed = 0;
  while (!draining.aborted) {
    const opened = await open(options, log, { draining, self });
    if (opened.kind !== 'open') return opened;
    ({ options } = opened);
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

type Opened =
  | { readonly kind: 'open'; readonly session: Session; readonly options: WorkerOptions }
  | WorkerEnd;

/** Waits for a server that is not up yet, with one clear line; what a person must mend ends it. */
async function open(
  given: WorkerOptions,
  log: WorkerLog,
  { draining, self }: { readonly draining: AbortSignal; readonly self: Self },
): Promise<Opened> {
  const startedAt = performance.now();
  let enrolling: Enrolling = { options: given, log, self, signal: draining };
  let identity: Identity | null = null;
  let mayEnrollAnew = given.enrollmentKey !== '' || given.workerToken !== '';
  let bringing: string | null = null;
  for (let failures = 1; ; failures += 1) {
    const { options } = enrolling;
    try {
      identity ??= await (bringing === null
        ? enroll(enrolling)
        : bringKeyByToken(enrolling, bringing));
      const by = { holder: self.holder, signal: draining };
      const session = await openSession(options, identity, by);
      return { kind: 'open', session, options };
    } catch (thrown) {
      if (draining.aborted) return { kind: 'drained', unsent: 0 };
      if (!(thrown instanceof SagewaiError)) return cannotKeep(thrown);
      if (bringing === null && identity?.kind === 'token' && thrown.code === 'proof.required') {
        bringing = identity.token;
        identity = null;
        continue;
      }
      if (!thrown.retryable) {
        if (!mayEnrollAnew || !isForgotten(identity, thrown))
          return fatal(thrown, identity, options);
        // Once: were the new credential refused too, every try would take a use of the key.
        mayEnrollAnew = false;
        log.note(`${thrown.detail}: enrolling again`);
        enrolling = await forgetAll(enrolling, thrown);
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

/** An evicted worker comes back as another: what it had may be in other hands. */
async function forgetAll(enrolling: Enrolling, { code }: SagewaiError): Promise<Enrolling> {
  await forget(enrolling);
  if (code !== 'worker.evicted') return enrolling;
  forgetKey(enrolling);
  const { options, log } = enrolling;
  return { ...enrolling, options: { ...options, ...withKey(takeKey(options, log), options) } };
}

/** Whether the server does not know the kept credential (any more): an enrollment key can make another. */
function isForgotten(identity: Identity | null, { status, code }: SagewaiError): boolean {
  if (identity?.kind !== 'secret' || status !== 401) return false;
  return code !== 'worker.revoked' && code !== 'proof.required';
}

/** Its generation counts only when the next start knows it too. */
function cannotKeep(thrown: unknown): WorkerEnd {
  const { code = '', path = '' } = thrown as NodeJS.ErrnoException;
  if (path === '') throw thrown;
  const reason = `${path} cannot be written (${code}): a worker with a key pair needs a SAGEWAI_HOME that it can write to`;
  return { kind: 'fatal', why: 'error', reason };
}

function fatal(
  { status, code, detail }: SagewaiError,
  identity: Identity | null,
  { enrollmentKey, workerToken }: WorkerOptions,
): WorkerEnd {
  const isAuth = status === 401 || status === 403;
  const lacksBoth = isAuth && identity === null && !enrollmentKey && !workerToken;
  const advice = lacksBoth
    ? '; ENROLLMENT_KEY enrolls it (`sagewai fleet create-key` makes one), and so does WRT_TOKEN'
    : adviceFor(code, identity?.kind === 'secret' ? identity.workerId : '');
  return { kind: 'fatal', why: isAuth ? 'auth' : 'error', reason: `${detail}${advice}` };
}
