import type { KeyObject } from 'node:crypto';

import type { Fleet } from '@sagewai/fleet';
import { type Job, job } from '@sagewai/jobs';
import type { Log } from '@sagewai/log';
import type { ObjectStore } from '@sagewai/objects';
import { type Db, inTenant, type Tx } from '@sagewai/postgres';
import { appendAudit } from '@sagewai/trust';
import type { OrganizationId, ProjectId } from '@sagewai/wire';

import { certify } from './certificate.ts';
import * as rows from './project-deletion.sql.ts';

/**
 * The deletion of projects.
 *
 *   P1. Where something of a project stands is one list, which a test compares with the schema.
 *   P2. It is deleted in small transactions, each of which counts what it deletes: whoever is killed leaves a
 *       deletion that goes on, and counts that are right.
 *   P3. From the request on nothing reaches the project; until the grace ends, all of that can come back.
 *   P4. A certificate is made in the transaction that has found nothing left.
 */
export interface DeletionParts {
  readonly db: Db;
  readonly dispatch: Db;
  readonly objects: ObjectStore;
  readonly fleet: Pick<Fleet, 'cancelProject'>;
  readonly signing: KeyObject;
  readonly settings: { readonly graceMs: number; readonly retryMs: number; readonly batch: number };
  readonly log: Log;
}

export const DELETION_JOB = 'server.deleteProjects';
const ACTOR = 'server';

export function deleteProjectsJob(parts: DeletionParts): Job {
  return job({
    name: DELETION_JOB,
    everyMs: parts.settings.retryMs,
    runsOn: 'leader',
    due: { inMs: rows.deletionDue, atLeastEveryMs: 60_000 },
    converges: 'what is of a project whose deletion is due is gone, and there is a certificate',
    ifItNeverRuns: 'projects that were deleted are out of reach, and still there',
    run: async (signal) => {
      for (const of of await rows.listDueDeletions(parts.dispatch)) {
        if (signal.aborted) return;
        await advanceDeletion(parts, of, signal).catch((error: unknown) => {
          parts.log.error('a project could not be deleted; it is tried again', { ...of, error });
        });
      }
    },
  });
}

interface Named {
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId;
}

export async function advanceDeletion(
  parts: DeletionParts,
  of: Named,
  signal: AbortSignal,
): Promise<void> {
  const { db, fleet, settings } = parts;
  const within = <T>(work: (tx: Tx) => Promise<T>): Promise<T> => inTenant(db, [of.orgId], work);
  const putOff = (waitsFor: string | null) =>
    within((tx) =>
      rows.putOff(tx, { projectId: of.projectId, waitsFor, retryMs: settings.retryMs }),
    );
  const deletion = await within(async (tx) => {
    const started = await rows.startDeleting(tx, of.projectId);
    // Also what was on its way when it was put out of reach.
    if (started !== null) await rows.park(tx, of);
    return started;
  });
  if (deletion === null) return;
  // Whoever takes the deletion back meanwhile waits for a few runs at most, and keeps the others.
  const isWanted = (tx: Tx): Promise<boolean> => rows.holdDeletion(tx, of.projectId);
  await fleet.cancelProject({ ...of, actor: deletion.requestedBy, isWanted }, signal);
  if (deletion.state === 'waiting') return putOff(null);
  const awaited = await within((tx) => rows.readLeft(tx, of, ['awaited']));
  if (awaited.length > 0) {
    return putOff(`${awaited.map(({ name, count }) => `${count} of ${name}`).join(', ')} to end`);
  }
  await removeArtifacts(parts, of, signal);
  while (!signal.aborted) {
    const runIds = await within((tx) => rows.nextRuns(tx, { ...of, limit: settings.batch }));
    // First the objects: a row that is there still says where they are.
    const removed = await removeObjects(parts.objects, of.orgId, runIds);
    const some = await within(async (tx) => {
      const purged = await rows.purgeSome(tx, { ...of, runIds, limit: settings.batch });
      if (removed > 0) await rows.countObjects(tx, of.projectId, removed);
      return purged;
    });
    if (!some) break;
  }
  if (signal.aborted) return;
  await within(async (tx) => {
    const now = await rows.startDeleting(tx, of.projectId);
    if (now === null) return;
    const end = await rows.readLeft(tx, of, ['run', 'rows', 'awaited', 'kept']); // P4
    const rest = end.filter(({ how }) => how !== 'kept');
    if (rest.length > 0) {
      const waitsFor = `still there: ${rest.map(({ name }) => name).join(', ')}`;
      await rows.putOff(tx, { projectId: of.projectId, waitsFor, retryMs: settings.retryMs });
      return;
    }
    const finishedAt = await rows.readNow(tx);
    const signed = certify(parts.signing, { deletion: now, kept: end, finishedAt });
    await rows.endDeletion(tx, {
      projectId: of.projectId,
      certificate: signed.text,
      signature: signed.signature,
      finishedAt,
    });
    await appendAudit(tx, {
      orgId: of.orgId,
      actor: ACTOR,
      action: 'project.deleted',
      subject: `project:${of.projectId}`,
      outcome: 'ok',
      requestId: '',
      details: { certificate_sha256: signed.sha256 },
    });
    tx.onCommit(() => parts.log.info('a project was deleted', { ...of }));
  });
}

/** What artifacts are, while rows still say where it is: a certificate that counts objects is not signed before. */
async function removeArtifacts(
  { db, objects, settings }: DeletionParts,
  of: Named,
  signal: AbortSignal,
): Promise<void> {
  const within = <T>(work: (tx: Tx) => Promise<T>): Promise<T> => inTenant(db, [of.orgId], work);
  let after: string | null = null;
  while (!signal.aborted) {
    const page: { after: string | null; limit: number } = { after, limit: settings.batch };
    const ids = await within((tx) => rows.nextArtifacts(tx, { ...of, ...page }));
    const removed = await removeObjects(objects, of.orgId, ids);
    if (removed > 0) await within((tx) => rows.countObjects(tx, of.projectId, removed));
    after = ids.at(-1) ?? null;
    if (after === null) return;
  }
}

/** Of runs, or of artifacts: whose objects stand under their ids. */
async function removeObjects(
  store: ObjectStore,
  orgId: OrganizationId,
  ids: readonly string[],
): Promise<number> {
  let removed = 0;
  for (const id of ids) {
    for await (const page of store.list(`${orgId}/${id}/`)) {
      for (const { key } of page) {
        await store.delete(key);
        removed += 1;
      }
    }
  }
  return removed;
}
