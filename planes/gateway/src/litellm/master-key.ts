import type { Clock } from '@sagewai/clock';
import { field, type Secret } from '@sagewai/config';
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

import { CredentialCache } from '../keys/credential-cache.ts';
import { readCredential } from '../keys/read-credential.ts';
import { type CallerDetail, CREDENTIAL_AGE_MS_MAX, KEY_PREFIX } from '../keys/virtual-key.ts';

/** What a process reads of it. */
export const masterKeyFields = {
  LITELLM_MASTER_KEY: field.secret({
    description:
      'Administers keys, teams and models on the LiteLLM surfaces, beside the access tokens of administrators.',
    default: null,
  }),
  MASTER_KEY_CALLS_MODELS: field.boolean({
    description:
      'Whether models may be called with it, as with that of LiteLLM: for the project of X-Project-ID, else default.',
    default: true,
  }),
} as const;

/** LiteLLM's master key as it is kept: what opens with it can be told, and it cannot. */
export interface MasterKey {
  readonly hash: Buffer;
  readonly length: number;
  /** Why nobody but this machine should be let in with it; null: it will do. */
  readonly weakness: string | null;
  /** Whether models may be called with it, as LiteLLM lets them. */
  readonly callsModels: boolean;
}

/** Null where nobody has named one: then nothing opens with it. */
export function keepMasterKey(secret: Secret | null, callsModels = true): MasterKey | null {
  const value = secret?.reveal() ?? '';
  if (value === '') return null;
  const bare = value.startsWith(KEY_PREFIX) ? value.slice(KEY_PREFIX.length) : value;
  return {
    hash: hashToken(value),
    length: value.length,
    weakness: findTokenWeakness(bare),
    callsModels,
  };
}

const ID = 'litellm-master-key';
const NAME = 'LITELLM_MASTER_KEY';
const PAIRS_MAX = 1_000;

const MODEL_SURFACES: ReadonlySet<Surface> = new Set(['openai', 'anthropic', 'ollama']);
const FOR_MODELS =
  'The master key calls no models here (MASTER_KEY_CALLS_MODELS=off): make a key for that with POST /key/generate.';
const FOR_OURS =
  'The master key opens the paths of LiteLLM (/key/…, /team/…) and no others: an access token does, of `sagewai tokens create`.';

/**
 * Reads the master key: an administrator on LiteLLM's surfaces, of the organization that is named or
 * the only one there is; a key without limits of its own on those of models, for the project that is
 * named or `default`; and nobody elsewhere.
 */
export function createMasterKeyReader({
  db,
  key,
  clock,
}: {
  readonly db: Db;
  readonly key: MasterKey | null;
  readonly clock: Clock;
}): CredentialReader {
  const callers = new CredentialCache<Caller>({
    clock,
    ageMsMax: CREDENTIAL_AGE_MS_MAX,
    entriesMax: PAIRS_MAX,
    load: async (named) => toModelCaller(await resolve(db, JSON.parse(named) as Named)),
  });
  return {
    read: (head) => {
      if (key === null) return null;
      const value = readCredential(head.headers);
      // Most keys are of another length, and need not be hashed for this.
      if (value?.length !== key.length || !sameBytes(hashToken(value), key.hash)) return null;
      const { surface } = head.endpoint;
      if (surface === 'litellm') return resolve(db, namedIn(head));
      const isForModels = MODEL_SURFACES.has(surface);
      if (isForModels && key.callsModels) {
        const named = JSON.stringify(namedIn(head));
        const known = callers.get(named, named);
        return known instanceof Promise ? known.then(admit) : admit(known);
      }
      throw new Fault('caller.unknown', 'the master key opens LiteLLM’s paths alone', {
        detail: isForModels ? FOR_MODELS : FOR_OURS,
      });
    },
  };
}

interface Named {
  readonly organization?: string;
  readonly project?: string;
}

function namedIn({ headers }: RequestHead): Named {
  const [organization, project] = [text(headers['x-organization']), text(headers['x-project-id'])];
  return {
    ...(organization === undefined ? {} : { organization }),
    ...(project === undefined ? {} : { project }),
  };
}

async function resolve(db: Db, { organization, project: named }: Named): Promise<Caller> {
  const orgId = await chooseOrganization(db, organization);
  const projectId =
    orgId === null
      ? null
      : await inTenant(db, [orgId], (tx) => resolveProject(tx, { orgId, named }));
  return { kind: 'token', id: ID, name: NAME, orgId, projectId, scopes: new Set(['platform']) };
}

/** Administers nothing on these surfaces; what it spends is told by its tag, and bound by its project. */
function toModelCaller({ orgId, projectId }: Caller): Caller {
  const detail: CallerDetail = {
    keyId: null,
    runId: null,
    models: new Set(),
    mayCap: true,
    policy: {
      teamId: null,
      personId: null,
      models: [],
      aliases: new Map(),
      tags: [ID],
      slots: [],
      headers: {},
      onClientLeft: 'abort',
      onOutage: 'closed',
      cache: undefined,
      classification: undefined,
      guardrails: [],
      enforced: undefined,
    },
  };
  return { kind: 'key', id: ID, name: NAME, orgId, projectId, scopes: new Set(), detail };
}

function admit(caller: Caller | null): Caller {
  if (caller !== null && caller.orgId !== null) return caller;
  throw new Fault('organization.required', 'the master key names no organization', {
    detail: 'Say which organization in the header X-Organization.',
  });
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
