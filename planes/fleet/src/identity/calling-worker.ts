import { Fault } from '@sagewai/fault';
import type { Caller } from '@sagewai/http';
import type { ProblemCode, WorkerId, WorkerScope, WorkerState } from '@sagewai/wire';

import type { CallingWorker, WorkerRecord } from '../workers/worker.ts';

/** The worker that calls, if its credential has this scope. */
export function demandWorker(caller: Caller, scope: WorkerScope): CallingWorker {
  const worker = workerOf(caller);
  if (worker === null) {
    throw new Fault('caller.unknown', 'the caller is no worker', {
      detail: 'Worker credential required',
    });
  }
  if (!worker.scopes.has(scope)) {
    throw new Fault('caller.forbidden', `the worker token lacks the scope ${scope}`, {
      detail: `The worker token does not have the scope "${scope}".`,
    });
  }
  return worker;
}

export function workerOf({ kind, detail }: Caller): CallingWorker | null {
  return kind === 'worker' ? (detail as CallingWorker) : null;
}

const ENDS = {
  revoked: ['worker.revoked', 'The worker was revoked'],
  evicted: ['worker.evicted', 'The worker was evicted; it may enroll again'],
  banned: ['worker.banned', 'The worker is banned, and may not enroll again'],
  locked: [
    'worker.locked',
    'The worker is locked: its token was used twice. An administrator can unlock, evict or ban it.',
  ],
} as const satisfies Partial<Record<WorkerState, readonly [ProblemCode, string]>>;

/** A worker that was ended has no credential any more. */
export function demandNotEnded({ id, state }: Pick<WorkerRecord, 'id' | 'state'>): void {
  if (state === 'pending' || state === 'approved' || state === 'rejected') return;
  throw ended(id, state);
}

export function ended(id: WorkerId, state: keyof typeof ENDS): Fault {
  const [code, detail] = ENDS[state];
  return new Fault(code, `worker ${id} is ${state}`, { detail });
}

/** Pending workers may live, not work. */
export function demandApproved({ record }: CallingWorker): void {
  if (record.state === 'approved') return;
  throw new Fault('worker.unapproved', `worker ${record.id} is ${record.state}`, {
    detail: 'Worker not approved',
    retryAfterMs: 5_000,
  });
}

/** F1. A session that has been replaced gets nothing more. */
export function demandCurrentSession({ record, sessionEpoch }: CallingWorker): void {
  if (sessionEpoch >= record.sessionEpoch) return;
  throw replaced();
}

export function replaced(): Fault {
  return new Fault('worker_session.replaced', 'a newer session of the worker exists', {
    detail: 'A newer session of this worker has been opened; this one has ended.',
  });
}
