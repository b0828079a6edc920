import { Fault } from '@sagewai/fault';
import type { Caller } from '@sagewai/http';
import type { WorkerScope } from '@sagewai/wire';

import type { CallingWorker } from './worker.ts';

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
