/** A new session of a worker that is known, by whatever proves that it is that worker. */
import { Fault } from '@sagewai/fault';
import type { RequestHead } from '@sagewai/http';
import { inTenant, type Tx } from '@sagewai/postgres';

import { findLeasesOf, openSession, takeBack } from '../dispatch/leases.sql.ts';
import { plainAddress } from '../enrollment/allows-address.ts';
import type { ProvedKeyPair } from '../enrollment/register-worker.ts';
import type { FleetParts } from '../parts.ts';
import { noteVersion } from '../workers/versions.sql.ts';
import type { CallingWorker, TokenBinding, WorkerRecord } from '../workers/worker.ts';
import { enforceAndNote } from './enforce-binding.ts';
import { refuseRenewal } from './lock-worker.ts';
import { proofRequired, readShownProof } from './prove.ts';
import { renew } from './renewals.sql.ts';
import { bindKey } from './worker-keys.sql.ts';
import type { WorkerProof } from './worker-proof.ts';

/** Of the token that a worker gets with its key pair. */
export const FIRST_GENERATION = 1n;

export interface OpenedSession {
  readonly record: WorkerRecord;
  readonly binding: TokenBinding | null;
}

export interface Opening {
  readonly request: RequestHead;
  /** A key pair for a worker that has none yet. */
  readonly bind: ProvedKeyPair | null;
  /** What version of its code it says it has. */
  readonly version: string | null;
  /** Happens in the same transaction. */
  readonly also: (tx: Tx, sessionEpoch: bigint) => Promise<void>;
}

export async function openSessionOf(
  parts: FleetParts,
  worker: CallingWorker,
  { request, bind, version, also }: Opening,
): Promise<OpenedSession> {
  const { record } = worker;
  const { orgId } = record.capabilities;
  const proof = shownProof(parts, worker, request);
  if (proof === null && bind === null) {
    await enforceAndNote(parts, {
      mode: record.enforcement,
      findings: ['unbound_session'],
      orgId,
      subject: `worker:${record.id}`,
      requestId: request.id,
    });
  }
  const opened = await inTenant(parts.db, [orgId], async (tx) => {
    const session = await next(tx, record, { proof, bind });
    if (session === null) return null;
    await noteVersion(tx, record.id, version);
    await also(tx, session.sessionEpoch);
    // F1. The older session cannot write any more, so its runs need not wait for its silence.
    const leases = await findLeasesOf(tx, record.num, session.sessionEpoch);
    const why = 'the worker started anew';
    return { ...session, taken: await takeBack(tx, leases, { why, counts: true }) };
  });
  if (opened === null) throw await why(parts, record, { proof, request });
  parts.afterDecided(record.id);
  parts.afterTakenBack(opened.taken);
  return {
    record: { ...record, sessionEpoch: opened.sessionEpoch },
    binding: bindingOf(record.keyThumbprint ?? bind?.thumbprint ?? null, opened.generation),
  };
}

/** Its key pair is the worker's alone; an issued token speaks for it by an administrator's word. */
function shownProof(
  parts: FleetParts,
  { record, credential }: CallingWorker,
  request: RequestHead,
): WorkerProof | null {
  const { publicKey } = record;
  if (publicKey === null) return null;
  const proof = readShownProof(parts, request, { publicKey, credential });
  if (proof === null && !credential.startsWith('wrt-')) {
    throw proofRequired('this worker has a key pair');
  }
  return proof;
}

async function next(
  tx: Tx,
  { id, capabilities: { orgId } }: WorkerRecord,
  by: { readonly proof: WorkerProof | null; readonly bind: ProvedKeyPair | null },
): Promise<{ readonly sessionEpoch: bigint; readonly generation: bigint | null } | null> {
  if (by.proof === null) {
    if (by.bind !== null && !(await bindKey(tx, { id, key: by.bind, proofId: by.bind.proofId }))) {
      throw proofRequired('this worker has a key pair');
    }
    const sessionEpoch = await openSession(tx, { id, orgId });
    const generation = by.bind === null ? null : FIRST_GENERATION;
    return sessionEpoch === null ? null : { sessionEpoch, generation };
  }
  const { id: renewalId, generation } = by.proof;
  return renew(tx, { workerId: id, orgId, sessionEpoch: null, generation, renewalId });
}

async function why(
  parts: FleetParts,
  record: WorkerRecord,
  { proof, request }: { readonly proof: WorkerProof | null; readonly request: RequestHead },
): Promise<Fault> {
  if (proof === null) {
    return new Fault('worker.revoked', `worker ${record.id} may open no session`);
  }
  const { orgId } = record.capabilities;
  return refuseRenewal(parts, record, {
    renewal: {
      workerId: record.id,
      orgId,
      sessionEpoch: null,
      generation: proof.generation,
      renewalId: proof.id,
    },
    requestId: request.id,
    address: plainAddress(request.ip),
  });
}

export function bindingOf(
  thumbprint: string | null,
  generation: bigint | null,
): TokenBinding | null {
  return thumbprint === null || generation === null ? null : { thumbprint, generation };
}
