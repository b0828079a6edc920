import { createSecretKey, randomBytes } from 'node:crypto';

import { open, seal, type SealingKey, type SealingKeys } from '@sagewai/crypto';
import { ARTIFACT_PART_BYTES, type OrganizationId, type ProjectId } from '@sagewai/wire';

/**
 * An artifact: bytes of a project, in parts.
 *
 *   B1. It is of one project, and so is every part of it.
 *   B2. It can be read once all of it is there and is what its sender has said: by its length and its SHA-256.
 *   B3. Its parts are sealed under a key of its own, which is sealed under the server's.
 *   B4. A part is in the object store before the row that names it; what no row names goes from there.
 */
export interface Artifact {
  readonly id: string;
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId;
  readonly runId: string | null;
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly sealedKey: string;
  readonly createdAt: Date;
  readonly createdBy: string;
  readonly completedAt: Date | null;
}

type Named = Pick<Artifact, 'orgId' | 'id'>;

export const partsOf = ({ bytes }: Pick<Artifact, 'bytes'>): number =>
  Math.ceil(bytes / ARTIFACT_PART_BYTES);

/** How long a part has to be. */
export const partBytesOf = ({ bytes }: Pick<Artifact, 'bytes'>, part: number): number =>
  Math.min(ARTIFACT_PART_BYTES, bytes - part * ARTIFACT_PART_BYTES);

export const artifactContext = (orgId: OrganizationId, id: string): string =>
  `artifact/${orgId}/${id}`;

const KIND = 'artifact';

export const partKey = ({ orgId, id }: Named, objectId: string): string =>
  `${orgId}/${id}/${KIND}/${objectId}`;

/** What a key of the object store is a part of; null: of none. */
export function readPartKey(
  key: string,
): { readonly id: string; readonly objectId: string } | null {
  const [, id, kind, objectId, ...more] = key.split('/');
  const isPart = kind === KIND && objectId !== undefined && more.length === 0;
  return isPart && id !== undefined ? { id, objectId } : null;
}

/** B3. */
export const makeSealedKey = (keys: SealingKeys, { orgId, id }: Named): string =>
  seal(keys[0], randomBytes(32), artifactContext(orgId, id));

export const sealPart = (
  keys: SealingKeys,
  artifact: Pick<Artifact, 'orgId' | 'id' | 'sealedKey'>,
  part: number,
  bytes: Uint8Array,
): Buffer => Buffer.from(seal(keyOf(keys, artifact), bytes, partContext(artifact, part)));

/** Null: it is damaged, or another one. */
export function openPart(
  keys: SealingKeys,
  artifact: Pick<Artifact, 'orgId' | 'id' | 'sealedKey'>,
  part: number,
  sealed: Uint8Array,
): Buffer | null {
  const text = Buffer.from(sealed).toString();
  const opened = open([keyOf(keys, artifact)], text, partContext(artifact, part));
  return opened.kind === 'opened' ? opened.data : null;
}

const partContext = ({ orgId, id }: Named, part: number): string =>
  `${artifactContext(orgId, id)}/${part}`;

function keyOf(
  keys: SealingKeys,
  { orgId, id, sealedKey }: Pick<Artifact, 'orgId' | 'id' | 'sealedKey'>,
): SealingKey {
  const opened = open(keys, sealedKey, artifactContext(orgId, id));
  if (opened.kind === 'refused') throw new Error('the key of an artifact does not open');
  return { id: KIND, key: createSecretKey(opened.data) };
}
