import { listOrganizationIds } from '@sagewai/identity';
import { inTenant } from '@sagewai/postgres';
import { appendAudit } from '@sagewai/trust';
import type { OrganizationId } from '@sagewai/wire';

import { judgeQueue } from './judge-queue.ts';
import type { FleetParts } from './parts.ts';
import { markUnmatchable, readWaitingQueues, readWorkerFacts } from './placements.sql.ts';

const ORGANIZATIONS_PER_PAGE = 500;

/** Tells of every queue that nobody can serve, once until somebody can. */
export async function reportUnmatchable(
  { db, dispatch, settings, log }: FleetParts,
  signal: AbortSignal,
): Promise<void> {
  let cursor: OrganizationId | undefined;
  for (;;) {
    const page = { limit: ORGANIZATIONS_PER_PAGE, cursor };
    const orgIds = await listOrganizationIds(dispatch, page);
    for (const orgId of orgIds) {
      if (signal.aborted) return;
      await inTenant(db, [orgId], async (tx) => {
        const queues = await readWaitingQueues(tx, orgId, null);
        const heardMs = settings.workerSilenceMs;
        const workers = queues.length === 0 ? [] : await readWorkerFacts(tx, orgId, heardMs);
        const unserved = new Map(
          queues.flatMap((queue) => {
            const why = judgeQueue(queue, workers);
            return why === null ? [] : [[queue.sq, { queue, why }] as const];
          }),
        );
        for (const sq of await markUnmatchable(tx, orgId, [...unserved.keys()])) {
          const found = unserved.get(sq);
          if (found === undefined) continue;
          const { pool, model } = found.queue.requirement;
          log.warn('no worker can serve a queue', { org_id: orgId, pool, model, why: found.why });
          await appendAudit(tx, {
            orgId,
            actor: 'fleet',
            action: 'queue.unmatchable',
            subject: `project:${found.queue.projectId}`,
            outcome: 'ok',
            requestId: '',
            details: { pool, model, why: found.why },
          });
        }
      });
    }
    if (orgIds.length < ORGANIZATIONS_PER_PAGE) return;
    cursor = orgIds.at(-1);
  }
}
