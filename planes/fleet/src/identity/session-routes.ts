import { Fault } from '@sagewai/fault';
import { implementOwn, type RequestHead, type Route } from '@sagewai/http';
import { appendAudit } from '@sagewai/trust';
import { heartbeat, openWorkerSession, type OutputOf, type RunId } from '@sagewai/wire';

import { noteModels } from '../anomalies/note-activity.ts';
import { plainAddress } from '../enrollment/allows-address.ts';
import type { FleetParts } from '../parts.ts';
import type { CallingWorker } from '../workers/worker.ts';
import { demandCurrentSession, demandWorker, replaced } from './calling-worker.ts';
import { refuseRenewal } from './lock-worker.ts';
import { openSessionOf } from './open-session.ts';
import { readShownProof } from './prove.ts';
import { mint, renewedToken, sessionToWire } from './session-to-wire.ts';

/** The sessions of workers: how they begin, live, and get their next token. */
export function sessionRoutes(parts: FleetParts): Route[] {
  const { heartbeats, settings } = parts;
  return [
    implementOwn(openWorkerSession, async ({ query, caller, request }) => {
      const worker = demandWorker(caller, 'heartbeat');
      if (!worker.opensSessions) throw mayNotOpen();
      const { id, capabilities } = worker.record;
      const { record, binding } = await openSessionOf(parts, worker, {
        request,
        bind: null,
        version: query.version ?? null,
        also: (tx, sessionEpoch) =>
          appendAudit(tx, {
            orgId: capabilities.orgId,
            actor: `worker:${id}`,
            action: openWorkerSession.id,
            subject: `worker:${id}`,
            outcome: 'ok',
            requestId: request.id,
            details: { session_epoch: Number(sessionEpoch) },
          }),
      });
      return sessionToWire(parts, record, { scopes: [...worker.scopes], binding });
    }),

    implementOwn(
      heartbeat,
      async ({ body, caller, request }): Promise<OutputOf<typeof heartbeat>> => {
        const worker = demandWorker(caller, 'heartbeat');
        demandCurrentSession(worker);
        const { record, sessionEpoch } = worker;
        const runs =
          body.runs?.map(({ run_id: runId, epoch }) => ({
            runId: runId as RunId,
            epoch: BigInt(epoch),
          })) ?? null;
        noteUnbound(parts, worker);
        const answer = await heartbeats.beat({ workerNum: record.num, sessionEpoch, runs });
        if (!answer.lives) throw replaced();
        if (answer.state !== null && answer.state !== record.state) {
          parts.directory.forget(record.id);
        }
        if (body.probes !== undefined) {
          noteModels(
            parts.activity,
            worker,
            body.probes.map(({ model }) => model),
          );
          await parts.probes.report(record, body.probes);
        }
        return {
          ok: true,
          status: answer.state ?? record.state,
          session_epoch: Number(sessionEpoch),
          cancel: answer.cancel,
          lost: answer.lost,
          heartbeat_interval_ms: settings.heartbeatIntervalMs,
          ...(record.draining ? { draining: true } : {}),
          ...((await renewedByProof(parts, worker, request)) ?? renewedToken(parts, worker)),
        };
      },
    ),
  ];
}

/** The next token of a session that is bound to a key pair, if the worker asks for it with a proof. */
async function renewedByProof(
  parts: FleetParts,
  { record, sessionEpoch, token, credential, scopes }: CallingWorker,
  request: RequestHead,
): Promise<ReturnType<typeof mint> | null> {
  const binding = token?.binding ?? null;
  const { publicKey, capabilities } = record;
  if (binding === null || publicKey === null) return null;
  const proof = readShownProof(parts, request, { publicKey, credential });
  if (proof === null) return null;
  const renewal = {
    workerId: record.id,
    orgId: capabilities.orgId,
    sessionEpoch,
    // Of the token that is shown: what we signed counts, not what the proof says.
    generation: binding.generation,
    renewalId: proof.id,
  };
  const renewed = await parts.renewals.add(renewal);
  if (renewed === null) {
    const circumstances = { renewal, requestId: request.id, address: plainAddress(request.ip) };
    throw await refuseRenewal(parts, record, circumstances);
  }
  return mint(
    parts,
    { ...record, sessionEpoch },
    { scopes: [...scopes], binding: { ...binding, generation: renewed.generation } },
  );
}

/** Written down when the session was opened; a heartbeat is only counted. */
function noteUnbound({ identityMeters }: FleetParts, { record, token }: CallingWorker): void {
  const isBound = token?.binding != null;
  if (record.enforcement === 'warn' && !isBound) identityMeters.found('warn', 'unbound_call');
}

function mayNotOpen(): Fault {
  return new Fault('caller.forbidden', 'a token of a session opens no other', {
    detail: 'A session is opened with X-Worker-Id and X-Worker-Secret, or with an issued token.',
  });
}
