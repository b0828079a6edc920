import { inTenant, type Tx } from '@sagewai/postgres';
import { appendAll, raiseAlert } from '@sagewai/trust';
import type { OrganizationId, RunId } from '@sagewai/wire';

import { takeBack } from '../dispatch/leases.sql.ts';
import type { FleetParts } from '../parts.ts';
import {
  findQuietCandidates,
  noteStalled,
  type QuietCandidate,
  type Stalled,
} from './stalled.sql.ts';

const BATCH = 500;

/** Tells once of every run that makes no progress though its worker is there; requeues what may be. */
export async function reportStalled(parts: FleetParts, signal: AbortSignal): Promise<void> {
  let after: RunId | null = null;
  for (;;) {
    const heardMs = parts.settings.workerSilenceMs;
    const found = await findQuietCandidates(parts.dispatch, { heardMs, after, limit: BATCH });
    const byOrg = Map.groupBy(found, ({ orgId }) => orgId);
    for (const [orgId, candidates] of byOrg) {
      if (signal.aborted) return;
      await reportIn(parts, orgId, candidates);
    }
    if (found.length < BATCH) return;
    after = found.at(-1)?.runId ?? null;
  }
}

async function reportIn(
  parts: FleetParts,
  orgId: OrganizationId,
  candidates: readonly QuietCandidate[],
): Promise<void> {
  const stalled = await inTenant(parts.db, [orgId], async (tx) => {
    const seen = await noteStalled(tx, candidates);
    await tell(
      parts,
      tx,
      seen.filter(({ isNew }) => isNew),
    );
    return seen;
  });
  const requeued = new Set(candidates.filter(({ requeues }) => requeues).map(({ runId }) => runId));
  const lost = stalled.filter(({ runId }) => requeued.has(runId));
  const why = 'it made no progress';
  parts.afterTakenBack(
    await takeBack(parts.db, lost, { why, counts: true, errorClass: 'timeout' }),
  );
}

async function tell(
  { clock, meters }: FleetParts,
  tx: Tx,
  found: readonly Stalled[],
): Promise<void> {
  for (const { orgId, projectId, runId, pool, quietMs } of found) {
    meters.stalled(pool);
    const data = { run_id: runId, project_id: projectId, pool, quiet_seconds: quietMs / 1_000 };
    await raiseAlert(tx, { orgId, type: 'run.stalled', at: clock.now(), data });
  }
  if (found.length === 0) return;
  await appendAll(
    tx,
    found.map(({ orgId, runId, pool, quietMs }) => ({
      orgId,
      actor: 'fleet',
      action: 'run.stalled',
      subject: `run:${runId}`,
      outcome: 'ok',
      requestId: '',
      details: { pool, quiet_seconds: quietMs / 1_000 },
    })),
  ); // Last: it holds the head of the log.
}
