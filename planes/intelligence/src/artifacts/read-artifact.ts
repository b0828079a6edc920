import type { SealingKeys } from '@sagewai/crypto';
import type { ObjectStore } from '@sagewai/objects';
import { type Db, inTenant } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

import { type Artifact, openPart, partKey, partsOf } from './artifact.ts';
import { listMadeByRun, listParts } from './artifacts.sql.ts';

export interface ArtifactStore {
  readonly db: Db;
  readonly objects: ObjectStore;
  readonly keys: SealingKeys;
}

/** A file that a run has made. */
export interface MadeFile extends Pick<Artifact, 'name' | 'bytes' | 'sha256'> {
  readonly read: () => AsyncIterable<Buffer>;
}

/** What a run has made, all of it complete; none: nothing, or there is no such run. */
export async function filesOfRun(
  store: ArtifactStore,
  { orgId, runId }: { readonly orgId: OrganizationId; readonly runId: string },
): Promise<MadeFile[]> {
  const made = await inTenant(store.db, [orgId], (tx) => listMadeByRun(tx, orgId, runId));
  return made.map((artifact) => {
    const { name, bytes, sha256 } = artifact;
    return { name, bytes, sha256, read: () => readParts(store, artifact) };
  });
}

/** All parts in their order. Throws where one is missing or damaged. */
export async function* readParts(store: ArtifactStore, artifact: Artifact): AsyncGenerator<Buffer> {
  const rows = await inTenant(store.db, [artifact.orgId], (tx) => listParts(tx, artifact));
  if (rows.length !== partsOf(artifact)) throw new Error('parts of an artifact are missing');
  for (const row of rows) {
    const bytes = await readPart(store, artifact, row);
    if (bytes === null) throw new Error(`part ${row.part} of an artifact is gone, or damaged`);
    yield bytes;
  }
}

export async function readPart(
  { objects, keys }: ArtifactStore,
  artifact: Artifact,
  { part, objectId }: { readonly part: number; readonly objectId: string },
): Promise<Buffer | null> {
  const sealed = await objects.get(partKey(artifact, objectId));
  return sealed === null ? null : openPart(keys, artifact, part, sealed);
}
