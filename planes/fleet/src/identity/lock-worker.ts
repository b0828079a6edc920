import { Fault } from '@sagewai/fault';
import { inTenant } from '@sagewai/postgres';
import { appendAudit, raiseAlert } from '@sagewai/trust';

import { findLeasesOf, takeBack } from '../dispatch/leases.sql.ts';
import type { FleetParts } from '../parts.ts';
import type { WorkerRecord } from '../workers/worker.ts';
import { decideWorker } from '../workers/workers.sql.ts';
import { demandNotEnded, ended, replaced } from './calling-worker.ts';
import { readSession, type Renewal } from './renewals.sql.ts';
import { noteReason } from './worker-keys.sql.ts';

const REASON = 'its token was used twice';

export interface Circumstances {
  readonly requestId: string;
  readonly address: string;
}

/**
 * Why a renewal was given nothing. An older generation than the one that is recorded means that somebody
 * else has renewed with the same credential (K2): which of the two is the worker, a person has to say.
 */
export async function refuseRenewal(
  parts: FleetParts,
  record: WorkerRecord,
  { renewal, requestId, address }: Circumstances & { readonly renewal: Renewal },
): Promise<Fault> {
  const now = await readSession(parts.dispatch, record.id);
  if (now === null) throw new Error(`worker ${record.id} has no session`);
  demandNotEnded({ ...record, state: now.state });
  if (now.state === 'rejected')
    return new Fault('worker.revoked', `worker ${record.id} was rejected`);
  if (renewal.sessionEpoch !== null && now.sessionEpoch > renewal.sessionEpoch) return replaced();
  await lock(parts, record, {
    requestId,
    details: {
      reason: REASON,
      address,
      generation_shown: Number(renewal.generation),
      generation: Number(now.generation),
    },
  });
  return ended(record.id, 'locked');
}

async function lock(
  parts: FleetParts,
  { id, num, name, capabilities }: WorkerRecord,
  entry: {
    readonly requestId: string;
    readonly details: Readonly<Record<string, string | number>>;
  },
): Promise<void> {
  const { orgId } = capabilities;
  const taken = await inTenant(parts.db, [orgId], async (tx) => {
    const decision = { id, from: ['pending', 'approved'], to: 'locked', by: 'fleet' } as const;
    if ((await decideWorker(tx, decision)) === null) return null;
    await noteReason(tx, { id, reason: REASON });
    const leases = await findLeasesOf(tx, num, null);
    const back = await takeBack(tx, leases, { why: 'the worker was locked', counts: true });
    const about = { orgId, actor: `worker:${id}`, subject: `worker:${id}`, outcome: 'ok' };
    const data = { worker_id: id, name, pool: capabilities.pool, ...entry.details };
    await raiseAlert(tx, { orgId, type: 'worker.locked', at: parts.clock.now(), data });
    await appendAudit(tx, { ...about, action: 'worker.locked', ...entry });
    return back;
  });
  parts.afterDecided(id);
  // Another replica has just done it.
  if (taken === null) return;
  parts.afterTakenBack(taken);
  parts.identityMeters.usedTwice();
  parts.log.warn('a worker token was used twice: the worker is locked', {
    worker: id,
    name,
    organization: orgId,
    ...entry.details,
  });
}
