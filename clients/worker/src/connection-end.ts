import type { Refusal } from './heartbeat.ts';
import type { WorkerEnd } from './worker-options.ts';

/** `closed`: the server does not know this session any more; another may be opened. */
export type ConnectionEnd = WorkerEnd | { readonly kind: 'closed'; readonly reason: string };

/** What a refusal that no repetition mends means for the session, and for the worker. */
export function endOf({ status, code, detail }: Refusal): ConnectionEnd {
  if (code === 'worker.revoked') return { kind: 'fatal', why: 'auth', reason: detail };
  // The token is not valid any more; the credential may still open another session.
  if (status === 401) return { kind: 'closed', reason: detail };
  if (code === 'worker_session.replaced') {
    const advice =
      'another process is this worker now; give each its own WORKER_NAME or SAGEWAI_HOME';
    return { kind: 'fatal', why: 'conflict', reason: `${detail} (${advice})` };
  }
  if (status === 403) return { kind: 'fatal', why: 'auth', reason: detail };
  return { kind: 'fatal', why: 'error', reason: detail };
}
