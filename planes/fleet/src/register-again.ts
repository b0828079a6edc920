import { Fault } from '@sagewai/fault';
import type { RequestHead } from '@sagewai/http';
import { appendAudit } from '@sagewai/trust';
import { registerWorker as endpoint } from '@sagewai/wire';

import { openSessionOf, type OpenedSession } from './open-session.ts';
import type { FleetParts } from './parts.ts';
import { demandFreshKeyPair, giveSecret, type ProvedKeyPair } from './register-worker.ts';
import type { CallingWorker } from './worker.ts';

/**
 * A worker that is known starts anew: a new session and a new secret; what is recorded of it stays (F3).
 * One that has no key pair yet may bring one.
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
  if (!worker.opensSessions) throw mayNotRegister();
  const bind = keyThumbprint === null ? keyPair : null;
  let secret = '';
  const opened = await openSessionOf(parts, worker, {
    request,
    bind,
    version,
    also: async (tx, sessionEpoch) => {
      if (bind !== null) await demandFreshKeyPair(tx, orgId, bind);
      secret = await giveSecret(tx, { workerId: id, orgId });
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
