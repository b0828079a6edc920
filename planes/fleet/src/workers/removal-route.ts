import { Fault } from '@sagewai/fault';
import { found, implementOwn, isAllowed, type Route } from '@sagewai/http';
import { inTenant } from '@sagewai/postgres';
import { appendAudit, nameActor } from '@sagewai/trust';
import { askWhetherSafe, type WorkerId } from '@sagewai/wire';

import { workerOf } from '../identity/calling-worker.ts';
import type { FleetParts } from '../parts.ts';
import { askToGo } from './removal.sql.ts';

const NO_SUCH_WORKER = 'There is no such worker.';

/** For whoever removes workers: a preStop hook, an autoscaler, a person. */
export function removalRoute({ db, afterDecided }: FleetParts): Route {
  return implementOwn(askWhetherSafe, async ({ params, query, caller, request }) => {
    const id = params.worker_id.toLowerCase() as WorkerId;
    const { orgId } = caller;
    if (orgId === null) throw new Fault('organization.required', 'the caller named none');
    const own = workerOf(caller);
    // A worker learns of itself only.
    if (own !== null && own.record.id !== id) found(null, NO_SUCH_WORKER);
    const drain = query.drain === undefined ? null : query.drain === 'true';
    if (drain !== null && own === null && !isAllowed('fleet:administer', caller)) {
      throw new Fault('caller.forbidden', `${nameActor(caller)} may not drain a worker`, {
        detail: 'To stop a worker takes the scope "admin"; without drain, "read" is enough.',
      });
    }
    const removal = await inTenant(db, [orgId], async (tx) => {
      const asked = found(await askToGo(tx, { orgId, id, drain }), NO_SUCH_WORKER);
      if (drain === null) return asked;
      await appendAudit(tx, {
        orgId,
        actor: nameActor(caller),
        action: drain ? 'worker.drained' : 'worker.resumed',
        subject: `worker:${id}`,
        outcome: 'ok',
        requestId: request.id,
        details: { active_runs: asked.held },
      });
      return asked;
    });
    if (drain !== null) afterDecided(id);
    return {
      worker_id: id,
      status: removal.state,
      safe: removal.held === 0,
      draining: removal.draining,
      active_runs: removal.held,
    };
  });
}
