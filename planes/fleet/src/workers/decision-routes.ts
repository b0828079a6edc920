import { Fault } from '@sagewai/fault';
import { implement, type Route, type TenantInput } from '@sagewai/http';
import type { Tx } from '@sagewai/postgres';
import { nameActor } from '@sagewai/trust';
import {
  approveWorker,
  banWorker,
  evictWorker,
  type OrganizationId,
  type OutputOf,
  rejectWorker,
  revokeWorker,
  unlockWorker,
  type WorkerId,
} from '@sagewai/wire';

import { findLeasesOf, takeBack } from '../dispatch/leases.sql.ts';
import { restartGenerations } from '../identity/renewals.sql.ts';
import { banKey } from '../identity/worker-keys.sql.ts';
import type { FleetParts } from '../parts.ts';
import { readFleetSettings } from '../settings.sql.ts';
import { judgeApproval, TRANSITIONS, type WorkerDecision } from './worker-decision.ts';
import { decideWorker, lockFirstApproval, noteFirstApproval } from './workers.sql.ts';

type Decided = OutputOf<typeof rejectWorker>;
type Asked = Pick<TenantInput, 'tx' | 'orgId' | 'caller' | 'audit'> & {
  readonly params: { readonly worker_id: string };
};

const APPROVALS_NEEDED = 2;

/** What people decide about workers. Every replica knows within a second. */
export function decisionRoutes(parts: FleetParts): Route[] {
  const decideAs =
    (decision: WorkerDecision) =>
    async ({ tx, orgId, params, caller, audit }: Asked): Promise<Decided> => {
      const id = params.worker_id as WorkerId;
      audit.about(`worker:${id}`);
      await decide(parts, tx, { id, orgId, decision, by: nameActor(caller) });
      return { status: TRANSITIONS[decision].to, worker_id: id };
    };

  return [
    implement(
      approveWorker,
      async ({ tx, orgId, params, caller, audit }): Promise<OutputOf<typeof approveWorker>> => {
        const id = params.worker_id as WorkerId;
        const by = nameActor(caller);
        audit.about(`worker:${id}`);
        const { dualApproval } = await readFleetSettings(tx, orgId);
        const firstBy = dualApproval ? await lockFirstApproval(tx, id) : null;
        const approval = judgeApproval(dualApproval, firstBy, by);
        if (approval.kind === 'same_person') throw needsAnother(id);
        if (approval.kind === 'first') {
          if (!(await noteFirstApproval(tx, { id, by }))) throw notIn('approve', id);
          audit.about(`worker:${id}`, { approvals: 1, approvals_needed: APPROVALS_NEEDED });
          const approvals = { given: 1, needed: APPROVALS_NEEDED };
          return { status: 'pending', worker_id: id, approvals };
        }
        await decide(parts, tx, { id, orgId, decision: 'approve', by });
        if (!dualApproval) return { status: 'approved', worker_id: id };
        const approvals = { given: APPROVALS_NEEDED, needed: APPROVALS_NEEDED };
        return { status: 'approved', worker_id: id, approvals };
      },
    ),
    implement(rejectWorker, decideAs('reject')),
    implement(revokeWorker, decideAs('revoke')),
    implement(evictWorker, decideAs('evict')),
    implement(banWorker, decideAs('ban')),
    implement(unlockWorker, decideAs('unlock')),
  ];
}

export async function decide(
  parts: FleetParts,
  tx: Tx,
  made: {
    readonly id: WorkerId;
    readonly orgId: OrganizationId;
    readonly decision: WorkerDecision;
    readonly by: string;
  },
): Promise<void> {
  const { id, decision, by } = made;
  const { to, from, takesBack: why } = TRANSITIONS[decision];
  const num = await decideWorker(tx, { id, from, to, by });
  if (num === null) throw notIn(decision, id);
  if (decision === 'ban') await banKey(tx, { id, by });
  if (decision === 'unlock') await restartGenerations(tx, id);
  if (why !== null) {
    const leases = await findLeasesOf(tx, num, null);
    const taken = await takeBack(tx, leases, { why, counts: true });
    tx.onCommit(() => parts.afterTakenBack(taken));
  }
  tx.onCommit(() => parts.afterDecided(id));
}

function notIn(decision: WorkerDecision, id: WorkerId): Fault {
  const states = TRANSITIONS[decision].from.join(' or ');
  return new Fault('resource.missing', `worker ${id} is not ${states}`, {
    detail: `There is no worker of that id that is ${states}.`,
  });
}

function needsAnother(id: WorkerId): Fault {
  return new Fault('state.conflict', `worker ${id} was approved first by the same person`, {
    detail: 'You have approved this worker already; the second approval is another person’s.',
  });
}
