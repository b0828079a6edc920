import type { Secret } from '@sagewai/config';
import { hashToken, sameBytes } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import type { Caller, CredentialReader, RequestHead } from '@sagewai/http';
import {
  findOrganizationId,
  findTokenWeakness,
  listOrganizationIds,
  resolveProject,
} from '@sagewai/identity';
import { type Db, inTenant } from '@sagewai/postgres';
import type { OrganizationId, Surface } from '@sagewai/wire';

import { readCredential } from '../keys/read-credential.ts';
import { KEY_PREFIX } from '../keys/virtual-key.ts';

/** LiteLLM's master key as it is kept: what opens with it can be told, and it cannot. */
export interface MasterKey {
  readonly hash: Buffer;
  readonly length: number;
  /** Why nobody but this machine should be let in with it; null: it will do. */
  readonly weakness: string | null;
}

/** Null where nobody has named one: then nothing opens with it. */
export function keepMasterKey(secret: Secret | null): MasterKey | null {
  const value = secret?.reveal() ?? '';
  if (value === '') return null;
  const bare = value.startsWith(KEY_PREFIX) ? value.slice(KEY_PREFIX.length) : value;
  return {
    hash: hashToken(value),
    length: value.length,
    weakness: findTokenWeakness(bare),
  };
}

const ID = 'litellm-master-key';

const MODEL_SURFACES: ReadonlySet<Surface> = new Set(['openai', 'anthropic', 'ollama']);
const FOR_MODELS =
  'The master key administers and calls no models: make a key for that with POST /key/generate.';
const FOR_OURS =
  'The master key opens the paths of LiteLLM (/key/…, /team/…) and no others: an access token does, of `sagewai tokens create`.';

/**
 * Reads the master key: an administrator on LiteLLM's surfaces, of the organization that is named or
 * the only one there is, and nobody elsewhere.
 */
export function createMasterKeyReader({
  db,
  key,
}: {
  readonly db: Db;
  readonly key: MasterKey | null;
}): CredentialReader {
  return {
    read: (head) => {
      if (key === null) return null;
      const value = readCredential(head.headers);
      // Most keys are of another length, and need not be hashed for this.
      if (value?.length !== key.length || !sameBytes(hashToken(value), key.hash)) return null;
      if (head.endpoint.surface === 'litellm') return resolve(db, head);
      throw new Fault('caller.unknown', 'the master key opens LiteLLM’s paths alone', {
        detail: MODEL_SURFACES.has(head.endpoint.surface) ? FOR_MODELS : FOR_OURS,
      });
    },
  };
}

async function resolve(db: Db, { headers }: RequestHead): Promise<Caller> {
  const orgId = await chooseOrganization(db, text(headers['x-organization']));
  const named = text(headers['x-project-id']);
  const projectId =
    orgId === null
      ? null
      : await inTenant(db, [orgId], (tx) => resolveProject(tx, { orgId, named }));
  return {
    kind: 'token',
    id: ID,
    name: 'LITELLM_MASTER_KEY',
    orgId,
    projectId,
    scopes: new Set(['platform']),
  };
}

async function chooseOrganization(
  db: Db,
  named: string | undefined,
): Promise<OrganizationId | null> {
  if (named !== undefined) {
    const id = await findOrganizationId(db, named);
    if (id !== null) return id;
    throw new Fault('organization.missing', 'the named organization does not exist');
  }
  const [only, another] = await listOrganizationIds(db, { limit: 2 });
  return only !== undefined && another === undefined ? only : null;
}

const text = (value: string | string[] | undefined): string | undefined =>
  typeof value === 'string' ? value : undefined;
