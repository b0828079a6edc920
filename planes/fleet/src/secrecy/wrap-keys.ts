import { createSecretKey, randomBytes } from 'node:crypto';

import {
  type MasterKeys,
  open,
  seal,
  type SealingKey,
  sealingKey,
  sealingKeys,
} from '@sagewai/crypto';
import type { OrganizationId, ProjectId } from '@sagewai/wire';

const KEY_BYTES = 32;
const PURPOSE = 'organization-keys';

export interface OrganizationKeyName {
  readonly id: string;
  readonly orgId: OrganizationId;
}

interface ProjectKeyName extends OrganizationKeyName {
  readonly projectId: ProjectId;
}

/** What a wrapped key of an organization is bound to. */
export const organizationKeyContext = ({ id, orgId }: OrganizationKeyName): string =>
  `organization-key/${orgId}/${id}`;

export const makeKey = (): Buffer => randomBytes(KEY_BYTES);

/** Under the server's present key. Bound to its name: moved to another organization's row it does not open. */
export const wrapOrganizationKey = (
  masters: MasterKeys,
  key: Uint8Array,
  name: OrganizationKeyName,
): string => seal(sealingKeys(masters, PURPOSE)[0], key, organizationKeyContext(name));

/** Null: it was not wrapped with one of these keys, or it is not of this name. */
export function unwrapOrganizationKey(
  masters: MasterKeys,
  wrapped: string,
  name: OrganizationKeyName,
): Buffer | null {
  const opened = open(sealingKeys(masters, PURPOSE), wrapped, organizationKeyContext(name));
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

const wrappingKey = (organizationKey: Uint8Array): SealingKey =>
  sealingKey(createSecretKey(organizationKey), 'project-keys');
