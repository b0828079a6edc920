import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';

import { open, seal, sealingKey, type SealingKey } from '@sagewai/crypto';
import type { OrganizationId, ProjectId } from '@sagewai/wire';

const KEY_BYTES = 32;

interface OrganizationKeyName {
  readonly id: string;
  readonly orgId: OrganizationId;
}

interface ProjectKeyName extends OrganizationKeyName {
  readonly projectId: ProjectId;
}

export const makeKey = (): Buffer => randomBytes(KEY_BYTES);

/** Under the server's key. Bound to its name: moved to another organization's row it does not open. */
export const wrapOrganizationKey = (
  master: KeyObject,
  key: Uint8Array,
  { id, orgId }: OrganizationKeyName,
): string => seal(masterKey(master), key, `organization-key/${orgId}/${id}`);

/** Null: it was not wrapped with this key, or it is not of this name. */
export function unwrapOrganizationKey(
  master: KeyObject,
  wrapped: string,
  { id, orgId }: OrganizationKeyName,
): Buffer | null {
  const opened = open([masterKey(master)], wrapped, `organization-key/${orgId}/${id}`);
  return opened.kind === 'opened' ? opened.data : null;
}

export const wrapProjectKey = (
  organizationKey: Uint8Array,
  key: Uint8Array,
  name: ProjectKeyName,
): string => seal(wrappingKey(organizationKey), key, contextOf(name));

export function unwrapProjectKey(
  organizationKey: Uint8Array,
  wrapped: string,
  name: ProjectKeyName,
): Buffer | null {
  const opened = open([wrappingKey(organizationKey)], wrapped, contextOf(name));
  return opened.kind === 'opened' ? opened.data : null;
}

const contextOf = ({ id, orgId, projectId }: ProjectKeyName): string =>
  `project-key/${orgId}/${projectId}/${id}`;

const masterKey = (master: KeyObject): SealingKey => sealingKey(master, 'organization-keys');

const wrappingKey = (organizationKey: Uint8Array): SealingKey =>
  sealingKey(createSecretKey(organizationKey), 'project-keys');
