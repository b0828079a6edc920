import { adviceFor } from './advice.ts';
import type { Refusal } from './heartbeat.ts';
import type { Session } from './session.ts';
import type { WorkerEnd } from './worker-options.ts';

/** `closed`: the server does not know this session any more; another may be opened. */
export type ConnectionEnd = WorkerEnd | { readonly kind: 'closed'; readonly reason: string };

/** What a refusal that no repetition mends means for the session, and for the worker. */
export function endOf(
  { status, code, detail }: Refusal,
  { workerId, isTaken }: Pick<Session, 'workerId' | 'isTaken'>,
): ConnectionEnd {
  const reason = `${detail}${adviceFor(code, workerId)}`;
  if (code === 'worker.revoked') return { kind: 'fatal', why: 'auth', reason };
  // The token is not valid any more; the credential may still open another session.
  if (status === 401) return { kind: 'closed', reason };
  if (code === 'worker_session.replaced') {
    // Not by a process of this home, so somebody has a copy of it. The server finds that out when the
    // next session shows the generation that is known here.
    if (!isTaken()) return { kind: 'closed', reason: `${detail} No process of this home has.` };
    return { kind: 'fatal', why: 'conflict', reason };
  }
  if (status === 403) return { kind: 'fatal', why: 'auth', reason };
  return { kind: 'fatal', why: 'error', reason };
}
