import { listOrganizationIds } from '@sagewai/identity';
import { inTenant, type Tx } from '@sagewai/postgres';
import { appendAll, type AuditEntry, raiseAlert } from '@sagewai/trust';
import type { OrganizationId } from '@sagewai/wire';

import { markUnmatchable, readWaitingQueues, readWorkerFacts } from '../dispatch/placements.sql.ts';
import type { FleetParts } from '../parts.ts';
import { freshnessOf } from '../workers/freshness.ts';
import { judgeQueue } from './judge-queue.ts';

const ORGANIZATIONS_PER_PAGE = 500;

/** Tells of every queue that nobody can serve, once until somebody can. */
export async function reportUnmatchable(parts: FleetParts, signal: AbortSignal): Promise<void> {
  let cursor: OrganizationId | undefined;
  for (;;) {
    const page = { limit: ORGANIZATIONS_PER_PAGE, cursor };
    const orgIds = await listOrganizationIds(parts.dispatch, page);
    for (const orgId of orgIds) {
      if (signal.aborted) return;
      await inTenant(parts.db, [orgId], (tx) => reportIn(parts, tx, orgId));
    }
    if (orgIds.length < ORGANIZATIONS_PER_PAGE) return;
    cursor = orgIds.at(-1);
  }
}

async function reportIn(
  { settings, clock, log }: FleetParts,
  tx: Tx,
  orgId: OrganizationId,
): Promise<void> {
  const queues = await readWaitingQueues(tx, orgId, null);
  const fresh = freshnessOf(settings);
  const workers = queues.length === 0 ? [] : await readWorkerFacts(tx, orgId, fresh);
  const unserved = new Map(
    queues.flatMap((queue) => {
      const why = judgeQueue(queue, workers);
      return why === null ? [] : [[queue.sq, { queue, why }] as const];
    }),
  );
  const entries: AuditEntry[] = [];
  for (const sq of await markUnmatchable(tx, orgId, [...unserved.keys()])) {
    const found = unserved.get(sq);
    if (found === undefined) continue;
    const { projectId, requirement, pending } = found.queue;
    const details = { pool: requirement.pool, model: requirement.model, why: found.why };
    log.warn('no worker can serve a queue', { org_id: orgId, ...details });
    const data = { project_id: projectId, pending, ...details };
    await raiseAlert(tx, { orgId, type: 'queue.unmatchable', at: clock.now(), data });
    entries.push({
      orgId,
      actor: 'fleet',
      action: 'queue.unmatchable',
      subject: `project:${projectId}`,
      outcome: 'ok',
      requestId: '',
      details,
    });
  }
  if (entries.length > 0) await appendAll(tx, entries); // Last: it holds the head of the log.
}
