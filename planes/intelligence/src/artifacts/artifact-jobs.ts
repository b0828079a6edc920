import { listOrganizationIds } from '@sagewai/identity';
import { type Job, job } from '@sagewai/jobs';
import { inTenant } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

import type { IntelligenceParts } from '../intelligence-options.ts';
import { readPartKey } from './artifact.ts';
import { dropUnfinished, listNamedObjects } from './artifacts.sql.ts';

const ORGANIZATIONS_AT_ONCE = 500;
/** Nobody sends the parts of one artifact for longer. */
const UNFINISHED_MS = 86_400_000;

export function artifactJobs(parts: IntelligenceParts): Job[] {
  return [
    job({
      name: 'intelligence.artifacts',
      everyMs: parts.settings.artifactsSweepEveryMs,
      runsOn: 'leader',
      converges: 'the object store has no parts of artifacts that no row names',
      ifItNeverRuns: 'what deleted artifacts and broken uploads leave in the object store stays',
      run: async (signal) => {
        let cursor: OrganizationId | undefined;
        do {
          const page = await listOrganizationIds(parts.db, {
            limit: ORGANIZATIONS_AT_ONCE,
            cursor,
          });
          for (const orgId of page) if (!signal.aborted) await sweep(parts, orgId, signal);
          cursor = page.at(-1);
        } while (cursor !== undefined && !signal.aborted);
      },
    }),
  ];
}

/** B4. */
async function sweep(
  { db, objects, settings }: IntelligenceParts,
  orgId: OrganizationId,
  signal: AbortSignal,
): Promise<void> {
  await inTenant(db, [orgId], (tx) => dropUnfinished(tx, orgId, UNFINISHED_MS));
  for await (const page of objects.list(`${orgId}/`)) {
    if (signal.aborted) return;
    const old = page.filter(({ ageMs }) => ageMs > settings.objectGraceMs);
    const ours = old.flatMap(({ key }) => {
      const part = readPartKey(key);
      return part === null ? [] : [{ key, objectId: part.objectId }];
    });
    if (ours.length === 0) continue;
    const ids = ours.map(({ objectId }) => objectId);
    const named = new Set(await inTenant(db, [orgId], (tx) => listNamedObjects(tx, orgId, ids)));
    for (const { key, objectId } of ours) if (!named.has(objectId)) await objects.delete(key);
  }
}
