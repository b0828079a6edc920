/**
 * Whether the answer of a call may be kept, or be one that was kept: as the operator, the deployments of
 * the model, the key and the request say, each of which can only take away from what the one before it
 * allows, or switch on what is off by default. The words are LiteLLM's.
 */
import type { IncomingHttpHeaders } from 'node:http';

import { Fault } from '@sagewai/fault';
import { isObject } from '@sagewai/translate';

/** What the operator says. */
export interface CacheRules {
  /** For every call, for those that ask for it (`use-cache`), or where a model or a key says so. */
  readonly when: 'always' | 'asked' | 'named';
  readonly ttlMs: number;
  /** All that is kept, by one process; 0: nothing is. */
  readonly bytesMax: number;
}

export const CACHE_NOTHING: CacheRules = { when: 'named', ttlMs: 0, bytesMax: 0 };

export interface Controls {
  /** Undefined: nothing is said. */
  readonly use?: boolean;
  readonly noCache?: boolean;
  readonly noStore?: boolean;
  readonly ttlMs?: number;
  /** An older answer is not wanted. */
  readonly ageMsMax?: number;
  /** Answers of one are not those of another. */
  readonly namespace?: string;
}

/** `metadata.cache` of a key: true, false, or controls that hold for all of its calls. */
export type KeyCache = Controls;

export interface CachePlan {
  readonly mayRead: boolean;
  readonly mayStore: boolean;
  readonly ttlMs: number;
  readonly ageMsMax: number;
  readonly namespace: string;
}

const SECONDS_MAX = 31_536_000;
const NAMESPACE_LENGTH_MAX = 200;

/** Null: nothing is kept, and nothing that was kept is told. */
export function planCache(
  rules: CacheRules,
  of: {
    /** Of the deployments that may answer. */
    readonly models: readonly (boolean | undefined)[];
    readonly key: KeyCache | undefined;
    readonly request: Controls;
  },
): CachePlan | null {
  const { models, key = {}, request } = of;
  if (rules.bytesMax === 0 || models.includes(false) || key.use === false) return null;
  const isNamed = models.includes(true) || key.use === true;
  const isAsked = rules.when === 'asked' && request.use === true;
  if (rules.when !== 'always' && !isNamed && !isAsked) return null;
  if (request.use === false) return null;
  const mayRead = key.noCache !== true && request.noCache !== true;
  const mayStore = key.noStore !== true && request.noStore !== true;
  if (!mayRead && !mayStore) return null;
  return {
    mayRead,
    mayStore,
    ttlMs: Math.min(request.ttlMs ?? key.ttlMs ?? rules.ttlMs, key.ttlMs ?? Infinity),
    ageMsMax: Math.min(request.ageMsMax ?? Infinity, key.ageMsMax ?? Infinity),
    namespace: request.namespace ?? key.namespace ?? '',
  };
}

/** Of the metadata of a key and its team: each takes away from what the other allows. */
export function readKeyCache(own: unknown, ofTeam?: unknown): KeyCache | undefined {
  const [key, team] = [readOne(own), readOne(ofTeam)];
  if (key === undefined || team === undefined) return key ?? team;
  return {
    ...team,
    ...key,
    ...least('ttlMs', key, team),
    ...least('ageMsMax', key, team),
    use: key.use !== false && team.use !== false,
    noCache: key.noCache === true || team.noCache === true,
    noStore: key.noStore === true || team.noStore === true,
  };
}

function least(name: 'ttlMs' | 'ageMsMax', key: KeyCache, team: KeyCache): KeyCache {
  const most = Math.min(key[name] ?? Infinity, team[name] ?? Infinity);
  return most === Infinity ? {} : { [name]: most };
}

/** An administrator wrote it: what cannot be read there keeps nothing. */
function readOne(value: unknown): KeyCache | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'boolean') return { use: value };
  try {
    return { use: true, ...readControls(value) };
  } catch (error) {
    if (error instanceof Fault) return { use: false };
    throw error;
  }
}

/** The body's `cache`, and `Cache-Control`. */
export function readRequestControls(body: unknown, headers: IncomingHttpHeaders): Controls {
  const said = isObject(body) ? body['cache'] : undefined;
  const header = headers['cache-control'];
  if (said === undefined && header === undefined) return NOTHING_SAID;
  const ofHeader = header === undefined ? NOTHING_SAID : readHeader(header);
  return said === undefined || said === null ? ofHeader : { ...ofHeader, ...readControls(said) };
}

const NOTHING_SAID: Controls = {};

/** RFC 9111, as far as it is about this: what browsers send beside is no matter here. */
function readHeader(header: string): Controls {
  const told = new Map(
    header.split(',').map((part) => {
      const [name = '', value = ''] = part.trim().toLowerCase().split('=');
      return [name, value.replaceAll('"', '')] as const;
    }),
  );
  const age = told.get('s-maxage') ?? told.get('max-age');
  return {
    ...(told.has('no-cache') ? { noCache: true } : {}),
    ...(told.has('no-store') ? { noStore: true } : {}),
    ...(age !== undefined && /^\d{1,9}$/.test(age) ? { ageMsMax: Number(age) * 1_000 } : {}),
  };
}

export function readControls(said: unknown): Controls {
  if (!isObject(said)) throw mistaken('', 'must be an object, like {"no-cache": true}');
  const controls: { -readonly [Name in keyof Controls]: Controls[Name] } = {};
  for (const [name, value] of Object.entries(said)) {
    switch (name) {
      case 'no-cache':
        controls.noCache = flagOf(name, value);
        break;
      case 'no-store':
        controls.noStore = flagOf(name, value);
        break;
      case 'use-cache':
        controls.use = flagOf(name, value);
        break;
      case 'ttl':
        controls.ttlMs = secondsOf(name, value);
        break;
      case 's-maxage':
      case 's-max-age':
        controls.ageMsMax = secondsOf(name, value);
        break;
      case 'namespace':
        if (typeof value !== 'string' || value.length > NAMESPACE_LENGTH_MAX) {
          throw mistaken(name, `must be a text of at most ${NAMESPACE_LENGTH_MAX} characters`);
        }
        controls.namespace = value;
        break;
      default:
        throw mistaken(
          name,
          'is not known; known are no-cache, no-store, use-cache, ttl, s-maxage and namespace',
        );
    }
  }
  return controls;
}

function flagOf(name: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw mistaken(name, 'must be true or false');
}

function secondsOf(name: string, value: unknown): number {
  if (typeof value === 'number' && value >= 0 && value <= SECONDS_MAX) return value * 1_000;
  throw mistaken(name, `must be seconds, at most ${SECONDS_MAX}`);
}

function mistaken(name: string, message: string): Fault {
  const path = name === '' ? '/cache' : `/cache/${name}`;
  return new Fault('request.invalid', 'a control of the cache that is none', {
    detail: `${path.slice(1)} ${message}`,
    mistakes: [{ part: 'body', path, message }],
  });
}
