import { newId } from '@sagewai/crypto';
import { inTenant, type Tx } from '@sagewai/postgres';
import { appendAll, type AuditEntry, raiseAlert } from '@sagewai/trust';
import type { OrganizationId } from '@sagewai/wire';

import type { FleetParts } from '../parts.ts';
import { decide } from '../workers/decision-routes.ts';
import {
  type AnomalyRow,
  listAnomalies,
  markRevoked,
  noteSilenceTold,
  type OwnedSetting,
  raiseAnomaly,
  readSuspects,
  readThresholds,
} from './anomalies.sql.ts';
import { type Finding, findAnomalies } from './find-anomalies.ts';

const OPEN_MAX = 1_000;
export const JUDGE = 'anomaly-detection';

/** One round: looks at what was counted, and tells what is too much (A4, A5). */
export async function judgeWorkers(parts: FleetParts, signal: AbortSignal): Promise<void> {
  const { dispatch, settings } = parts;
  const suspects = await readSuspects(dispatch, settings.silenceSuspectMs);
  const byOrganization = Object.groupBy(suspects, ({ orgId }) => orgId);
  for (const [id, some] of Object.entries(byOrganization)) {
    if (signal.aborted) return;
    const orgId = id as OrganizationId;
    const { thresholds, open } = await readContext(parts, orgId);
    const findings = findAnomalies(some ?? [], () => thresholds);
    for (const finding of findings) {
      if (!isOpen(finding, open, parts.clock.now())) await tell(parts, finding);
    }
  }
}

function readContext(
  { db }: FleetParts,
  orgId: OrganizationId,
): Promise<{ thresholds: OwnedSetting[]; open: AnomalyRow[] }> {
  return inTenant(db, [orgId], async (tx) => ({
    thresholds: await readThresholds(tx),
    open: await listAnomalies(tx, {
      orgId,
      workerId: null,
      kind: null,
      open: true,
      limit: OPEN_MAX,
    }),
  }));
}

/** Saves a statement for what was told already; the database decides (A4). */
function isOpen(finding: Finding, open: readonly AnomalyRow[], now: Date): boolean {
  const sinceMs = now.getTime() - finding.thresholds.windowSeconds * 1_000;
  return open.some(
    ({ workerId, kind, raisedAt }) =>
      workerId === finding.workerId && kind === finding.kind && raisedAt.getTime() > sinceMs,
  );
}

async function tell(parts: FleetParts, finding: Finding): Promise<void> {
  const { db, dispatch, meters, log } = parts;
  const { orgId, workerId, kind, observed, allowed } = finding;
  if (kind === 'heartbeat_timeout') await noteSilenceTold(dispatch, finding.workerNum);
  const isRaised = await inTenant(db, [orgId], (tx) => tellIn(parts, tx, finding));
  if (!isRaised) return;
  meters.found(kind);
  log.warn('a worker does what it should not', { worker: workerId, kind, observed, allowed });
}

async function tellIn(parts: FleetParts, tx: Tx, finding: Finding): Promise<boolean> {
  const { orgId, workerId, kind, observed, allowed, thresholds } = finding;
  const id = newId();
  const windowMs = thresholds.windowSeconds * 1_000;
  const { raised, kinds } = await raiseAnomaly(tx, {
    id,
    workerId,
    kind,
    observed,
    allowed,
    windowMs,
  });
  if (!raised) return false;
  const at = parts.clock.now();
  const data = { worker_id: workerId, pool: finding.pool, kind, observed, allowed };
  const entries = [entryOf(finding, 'worker.anomaly', { kind, observed, allowed })];
  if (kind === 'heartbeat_timeout') {
    entries.push(entryOf(finding, 'worker.heartbeat_missed', { silent_seconds: observed }));
  }
  const revokes = thresholds.kindsToRevoke > 0 && kinds >= thresholds.kindsToRevoke;
  await raiseAlert(tx, { orgId, type: 'worker.anomaly', at, data: { ...data, revoked: revokes } });
  if (revokes) {
    await decide(parts, tx, { id: workerId, orgId, decision: 'revoke', by: JUDGE });
    await markRevoked(tx, id);
    entries.push(entryOf(finding, 'worker.revoked', { kinds }));
    await raiseAlert(tx, { orgId, type: 'worker.revoked', at, data: { ...data, kinds } });
  }
  await appendAll(tx, entries); // Last: it holds the head of the log.
  return true;
}

const entryOf = (
  { orgId, workerId }: Finding,
  action: string,
  details: AuditEntry['details'],
): AuditEntry => ({
  orgId,
  actor: JUDGE,
  action,
  subject: `worker:${workerId}`,
  outcome: 'ok',
  requestId: '',
  details,
});
