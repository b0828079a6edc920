import { hash } from 'node:crypto';

import type { Clock } from '@sagewai/clock';
import { hashToken } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import type { Caller, CredentialReader } from '@sagewai/http';
import type { Db } from '@sagewai/postgres';
import { canonicalModels } from '@sagewai/wire';

import { CredentialCache } from './credential-cache.ts';
import { findLiveKey, type LiveKey } from './keys.sql.ts';
import { readCredential } from './read-credential.ts';
import {
  type CallerDetail,
  CREDENTIAL_AGE_MS_MAX,
  FLEET_KEY_PREFIX,
  KEY_PREFIX,
} from './virtual-key.ts';

const KEYS_MAX = 10_000;
const NO_SCOPES: ReadonlySet<never> = new Set();

interface KnownKey {
  readonly caller: Caller;
  readonly isBlocked: boolean;
  /** In monotonic milliseconds; Infinity: never. */
  readonly expiresMs: number;
}

/** Reads virtual keys. One that is in use is answered from memory. */
export function createKeyReader({ db, clock }: { db: Db; clock: Clock }): CredentialReader & {
  /** Revocations made by this process hold at once in it. */
  forgetAll(): void;
} {
  const cache = new CredentialCache<KnownKey>({
    clock,
    ageMsMax: CREDENTIAL_AGE_MS_MAX,
    entriesMax: KEYS_MAX,
    load: async (value) => {
      const askedMs = clock.monotonicMs();
      const key = await findLiveKey(db, hashToken(value));
      return key && toKnown(key, askedMs);
    },
  });
  return {
    read: ({ headers }) => {
      const value = readCredential(headers);
      if (value === undefined || !value.startsWith(KEY_PREFIX)) return null;
      if (value.startsWith(FLEET_KEY_PREFIX)) return null;
      const known = cache.get(hash('sha256', value, 'base64'), value);
      return known instanceof Promise
        ? known.then((loaded) => admit(loaded, clock))
        : admit(known, clock);
    },
    forgetAll: () => cache.forgetAll(),
  };
}

function toKnown(key: LiveKey, askedMs: number): KnownKey {
  const detail: CallerDetail = {
    keyId: key.id,
    runId: null,
    models: new Set(canonicalModels(key.models)),
    mayCap: key.mayCap,
  };
  return {
    caller: {
      kind: 'key',
      id: key.id,
      name: key.name,
      orgId: key.orgId,
      projectId: key.projectId,
      scopes: NO_SCOPES,
      detail,
    },
    isBlocked: key.isBlocked,
    // The database's clock decides; ours only counts from there.
    expiresMs: key.expiresAt ? askedMs + (key.expiresAt.getTime() - key.now.getTime()) : Infinity,
  };
}

function admit(known: KnownKey | null, clock: Clock): Caller {
  if (known === null) throw refuse('is not known here, or was revoked');
  if (known.isBlocked) throw refuse('is blocked');
  if (known.expiresMs <= clock.monotonicMs()) throw refuse('has expired');
  return known.caller;
}

function refuse(why: string): Fault {
  return new Fault('caller.unknown', `the virtual key ${why}`, { detail: `The API key ${why}.` });
}
