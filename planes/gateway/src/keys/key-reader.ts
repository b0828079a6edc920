import { hash } from 'node:crypto';

import type { Clock } from '@sagewai/clock';
import { hashToken } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import type { Caller, CredentialReader } from '@sagewai/http';
import type { Db } from '@sagewai/postgres';
import { canonicalModels, type Endpoint } from '@sagewai/wire';

import { readKeyCache } from '../cache/read-controls.ts';
import { readKeyClassification } from '../classification/classification.ts';
import { readNames } from '../guardrails/choose-guardrails.ts';
import { CredentialCache } from './credential-cache.ts';
import { readEnforced } from './enforced-params.ts';
import { isDatabaseAway } from './is-database-away.ts';
import { isRouteAllowed } from './is-route-allowed.ts';
import { findLiveKey, type LiveKey } from './keys.sql.ts';
import { limitHeaders } from './limit-headers.ts';
import { OUTAGE_FIELD, readOnOutage } from './on-outage.ts';
import { readCredential } from './read-credential.ts';
import {
  type CallerDetail,
  CREDENTIAL_AGE_MS_MAX,
  FLEET_KEY_PREFIX,
  KEY_PREFIX,
  type KeyPolicy,
  type SlotLimit,
} from './virtual-key.ts';

const KEYS_MAX = 10_000;
const NO_SCOPES: ReadonlySet<never> = new Set();

interface KnownKey {
  readonly caller: Caller;
  readonly isBlocked: boolean;
  readonly routes: readonly string[];
  /** In monotonic milliseconds; Infinity: never. */
  readonly expiresMs: number;
}

/**
 * Reads virtual keys. One that is in use is answered from memory; one that is open also while the database is away, for
 * `openForMs` from when it was last looked up.
 */
export function createKeyReader({
  db,
  clock,
  openForMs = 0,
}: {
  readonly db: Db;
  readonly clock: Clock;
  readonly openForMs?: number;
}): CredentialReader & {
  /** Revocations made by this process hold at once in it. */
  forgetAll(): void;
} {
  const cache = new CredentialCache<KnownKey>({
    clock,
    ageMsMax: CREDENTIAL_AGE_MS_MAX,
    entriesMax: KEYS_MAX,
    away: {
      ageMsMaxOf: ({ caller }) => (isOpen(caller.detail as CallerDetail) ? openForMs : 0),
      isAway: isDatabaseAway,
    },
    load: async (value) => {
      const askedMs = clock.monotonicMs();
      const key = await findLiveKey(db, hashToken(value));
      return key && toKnown(key, askedMs);
    },
  });
  return {
    read: (head) => {
      const { headers } = head;
      const value = readCredential(headers);
      if (value === undefined || !value.startsWith(KEY_PREFIX)) return null;
      if (value.startsWith(FLEET_KEY_PREFIX)) return null;
      const known = cache.get(hash('sha256', value, 'base64'), value);
      return known instanceof Promise
        ? known.then((loaded) => admit(loaded, clock, head.endpoint))
        : admit(known, clock, head.endpoint);
    },
    forgetAll: () => cache.forgetAll(),
  };
}

const isOpen = ({ policy }: CallerDetail): boolean => policy?.onOutage === 'open';

function toKnown(key: LiveKey, askedMs: number): KnownKey {
  const detail: CallerDetail = {
    keyId: key.id,
    runId: null,
    models: new Set(canonicalModels(key.models)),
    mayCap: key.mayCap,
    policy: toPolicy(key),
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
    routes: key.allowedRoutes,
    // The database's clock decides; ours only counts from there.
    expiresMs: key.expiresAt ? askedMs + (key.expiresAt.getTime() - key.now.getTime()) : Infinity,
  };
}

function admit(known: KnownKey | null, clock: Clock, endpoint: Endpoint): Caller {
  if (known === null) throw refuse('is not known here, or was revoked');
  if (known.isBlocked) throw refuse('is blocked');
  if (known.expiresMs <= clock.monotonicMs()) throw refuse('has expired');
  if (!isRouteAllowed(known.routes, endpoint)) {
    throw new Fault('caller.forbidden', `key ${known.caller.id} may not call this route`, {
      detail: `This API key may not call ${endpoint.path}: its allowed_routes do not name it.`,
    });
  }
  return known.caller;
}

function toPolicy(key: LiveKey): KeyPolicy {
  const lists = [key.teamModels, key.personModels].filter((names) => names.length > 0);
  const slot = (kind: SlotLimit['kind'], id: string | null, max: number | null): SlotLimit[] =>
    id === null || max === null ? [] : [{ kind, id, max }];
  return {
    teamId: key.teamId,
    personId: key.personId,
    models: lists.map((names) => new Set(canonicalModels(names))),
    aliases: new Map(Object.entries(key.aliases)),
    headers: limitHeaders(key.limits, key.used),
    tags: key.tags,
    onClientLeft: key.onClientLeft,
    onOutage: readOnOutage(key.metadata[OUTAGE_FIELD], key.teamMetadata[OUTAGE_FIELD]),
    guardrails: guardrailsOf(key),
    enforced: readEnforced(key.metadata, key.teamMetadata),
    classification: readKeyClassification(
      key.metadata['data_classification'],
      key.teamMetadata['data_classification'],
    ),
    cache: readKeyCache(key.metadata['cache'], key.teamMetadata['cache']),
    slots: [
      ...slot('key', key.id, key.parallelMax),
      ...slot('person', key.personId, key.personParallelMax),
      ...slot('team', key.teamId, key.teamParallelMax),
    ],
  };
}

function guardrailsOf({ metadata, teamMetadata }: LiveKey): readonly string[] | null {
  const [own, ofTeam] = [readNames(metadata), readNames(teamMetadata)];
  return own && ofTeam && [...own, ...ofTeam];
}

function refuse(why: string): Fault {
  return new Fault('caller.unknown', `the virtual key ${why}`, { detail: `The API key ${why}.` });
}
