import { hashToken } from '@sagewai/crypto';
import { type Caller, found } from '@sagewai/http';
import { boundProject, findCredential, isId } from '@sagewai/identity';
import type { Tx } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

import { findKey, type KeyChoice } from '../keys/keys.sql.ts';
import { KEY_KIND, KEY_PREFIX, type VirtualKey } from '../keys/virtual-key.ts';

const NO_KEY = 'There is no such key, or it was deleted.';
const HASH = /^[0-9a-f]{64}$/;

export interface KeyReach {
  readonly tx: Tx;
  readonly orgId: OrganizationId;
  readonly caller: Caller;
}

/** Which key is meant by the key itself, its SHA-256 in hex, or our id of it; within the caller's reach. */
export async function chooseKey({ tx, orgId, caller }: KeyReach, ref: string): Promise<KeyChoice> {
  const projectId = boundProject(caller);
  if (isId(ref)) return { orgId, projectId, id: ref };
  const hash = ref.startsWith(KEY_PREFIX)
    ? hashToken(ref)
    : HASH.test(ref)
      ? Buffer.from(ref, 'hex')
      : null;
  const credential = hash && (await findCredential(tx, { kind: KEY_KIND, hash }));
  const { id } = found(credential?.orgId === orgId ? credential : null, NO_KEY);
  return { orgId, projectId, id };
}

/** The key, if it was not revoked. */
export async function findLiteLlmKey(reach: KeyReach, ref: string): Promise<VirtualKey> {
  return findLive(reach, await chooseKey(reach, ref));
}

export async function findLive({ tx }: KeyReach, choice: KeyChoice): Promise<VirtualKey> {
  const key = await findKey(tx, choice);
  return found(key?.revokedAt === null ? key : null, NO_KEY);
}
