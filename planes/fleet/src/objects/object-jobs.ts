import { listOrganizationIds } from '@sagewai/identity';
import { type Job, job } from '@sagewai/jobs';
import { inTenant } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

import type { FleetParts } from '../parts.ts';
import { objectKey, readObjectKey } from './content-reference.ts';
import { Lanes } from './lanes.ts';
import { findOrphanObjects } from './objects.sql.ts';

const ORGANIZATIONS_PER_PAGE = 500;

export function objectJobs(parts: FleetParts): Job[] {
  return [
    job({
      name: 'fleet.objects',
      everyMs: parts.settings.objectsEveryMs,
      runsOn: 'leader',
      converges: 'every object that is older than the grace is referred to by a row',
      ifItNeverRuns: 'what dropped runs and broken submissions leave in the object store stays',
      run: (signal) => removeOrphans(parts, signal),
    }),
  ];
}

/**
 * O2. An object that is younger than the grace may be of a row that is being committed: it is left alone,
 * and a statement ends long before. Only organizations of this database are looked at: another database
 * may share the store.
 */
async function removeOrphans(parts: FleetParts, signal: AbortSignal): Promise<void> {
  const { dispatch, log, largeContents } = parts;
  let cursor: string | undefined;
  let removed = 0;
  for (;;) {
    const orgIds = await listOrganizationIds(dispatch, { limit: ORGANIZATIONS_PER_PAGE, cursor });
    for (const orgId of orgIds) {
      if (signal.aborted) return;
      removed += await removeOrphansOf(parts, orgId, signal);
    }
    cursor = orgIds.at(-1);
    if (cursor === undefined) break;
  }
  // What a probe of the store left that ended in the middle.
  for await (const page of largeContents.store.list('probe/')) {
    for (const { key, ageMs } of page) {
      if (ageMs > parts.settings.objectGraceMs) await largeContents.store.delete(key);
    }
  }
  if (removed > 0) log.info('objects without a run were removed', { objects: removed });
}

async function removeOrphansOf(
  { db, largeContents, settings }: FleetParts,
  orgId: OrganizationId,
  signal: AbortSignal,
): Promise<number> {
  const { store } = largeContents;
  const lanes = new Lanes(settings.objectTransfersMax);
  let removed = 0;
  for await (const page of store.list(`${orgId}/`)) {
    if (signal.aborted) break;
    const old = page
      .filter(({ ageMs }) => ageMs > settings.objectGraceMs)
      .flatMap(({ key }) => readObjectKey(key) ?? [])
      .filter((each) => each.orgId === orgId);
    const orphans = await inTenant(db, [orgId], (tx) => findOrphanObjects(tx, old));
    await Promise.all(
      orphans.map(({ objectId, ...of }) =>
        lanes.run(() => store.delete(objectKey({ orgId, ...of }, objectId))),
      ),
    );
    removed += orphans.length;
  }
  return removed;
}
