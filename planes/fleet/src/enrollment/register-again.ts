import { Fault } from '@sagewai/fault';
import type { RequestHead } from '@sagewai/http';
import { appendAudit } from '@sagewai/trust';
import { registerWorker as endpoint } from '@sagewai/wire';

import { openSessionOf, type OpenedSession } from '../identity/open-session.ts';
import { WORKER_TOKEN_PREFIX } from '../identity/worker-token.ts';
import type { FleetParts } from '../parts.ts';
import type { CallingWorker } from '../workers/worker.ts';
import { demandFreshKeyPair, giveSecret, type ProvedKeyPair } from './register-worker.ts';

/**
 * A worker that is known starts anew, in a new session; what is recorded of it stays (F3). One that has no
 * key pair yet may bring one. A secret that was shown stays: were the answer with another one lost, so
 * would be the worker.
 */
export async function registerAgain(
  parts: FleetParts,
  worker: CallingWorker,
  {
    request,
    keyPair,
    version,
  }: {
    readonly request: RequestHead;
    readonly keyPair: ProvedKeyPair | null;
    readonly version: string | null;
  },
): Promise<OpenedSession & { readonly secret: string }> {
  const { id, capabilities, keyThumbprint } = worker.record;
  const { orgId } = capabilities;
  const isToken = worker.credential.startsWith(WORKER_TOKEN_PREFIX);
  if (!worker.opensSessions) throw mayNotRegister();
  const bind = keyThumbprint === null ? keyPair : null;
  let secret = worker.credential;
  const opened = await openSessionOf(parts, worker, {
    request,
    bind,
    version,
    also: async (tx, sessionEpoch) => {
      if (bind !== null) await demandFreshKeyPair(tx, orgId, bind);
      if (isToken) secret = await giveSecret(tx, { workerId: id, orgId });
      await appendAudit(tx, {
        orgId,
        actor: `worker:${id}`,
        action: endpoint.id,
        subject: `worker:${id}`,
        outcome: 'ok',
        requestId: request.id,
        details: { session_epoch: Number(sessionEpoch), thumbprint: bind?.thumbprint ?? null },
      });
    },
  });
  return { ...opened, secret };
}

export function mayNotRegister(): Fault {
  return new Fault('caller.forbidden', 'the credential may not register workers', {
    detail: 'This credential may not register workers.',
  });
}
