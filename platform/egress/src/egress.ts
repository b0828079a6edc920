/**
 * The one way out for HTTP.
 *
 * E1. Metadata and link-local addresses are never connected to, in whatever spelling, named or not.
 * E2. What is checked is the address that is connected to, not the name that led there.
 * E3. Only origins that the operator named are called. Being named is the permission, for exactly
 *     that scheme, host and port; private ranges are fine.
 * E4. Redirects are answers like any other; nothing follows them.
 * E5. Every connection belongs to one egress, and ends with it.
 */
import { isMetadataHost, isPrivateAddress } from '@sagewai/address';
import { Fault } from '@sagewai/fault';
import { Pool } from 'undici';

import { guardedConnect, type Resolve, systemResolve } from './guarded-connect.ts';

export interface EgressOptions {
  /** URLs that the operator wrote into environment or configuration; their origins count. */
  readonly allowed: readonly string[];
  readonly connectTimeoutMs?: number;
  /** From the sent request to the head of the answer; a model may think before it speaks. */
  readonly headersTimeoutMs?: number;
  /** Between two pieces of the answer's body. */
  readonly bodyTimeoutMs?: number;
  readonly keepAliveTimeoutMs?: number;
  /** Connections to one origin; as many as needed when left out. */
  readonly connectionsMax?: number;
  readonly resolve?: Resolve;
  /** E6. Whoever names URLs is not the operator: only public addresses are connected to. */
  readonly publicOnly?: boolean;
}

export interface Egress {
  /** Whether the origin of a URL was named. */
  names(url: string): boolean;
  /**
   * The connections to a named origin; any URL of it will do. Ask once and keep it: `stream` and
   * `dispatch` are used as they are. Throws `egress.refused`, and `service.draining` once closed.
   */
  pool(url: string): Pool;
  /** The operator has named further URLs. Throws `egress.refused` for what cannot be named. */
  allow(urls: readonly string[]): void;
  /** Lets calls end, then closes. */
  close(): Promise<void>;
  /** Breaks calls off. */
  destroy(): Promise<void>;
}

/** Throws `egress.refused` for a URL that nobody may call. */
export function createEgress(options: EgressOptions): Egress {
  const { publicOnly = false } = options;
  const origin = (url: string): string => originOf(url, publicOnly);
  const allowed = new Set(options.allowed.map(origin));
  const pools = new Map<string, Pool>();
  let isClosed = false;
  const end = async (how: (pool: Pool) => Promise<void>): Promise<void> => {
    isClosed = true;
    await Promise.all([...pools.values()].map(how));
  };
  return {
    names: (url) => URL.canParse(url) && allowed.has(new URL(url).origin),
    pool: (url) => {
      const named = origin(url);
      if (!allowed.has(named)) {
        throw new Fault('egress.refused', `${named} is not named by the operator`); // E3
      }
      if (isClosed) throw new Fault('service.draining', 'outbound connections are closed'); // E5
      const pool = pools.get(named) ?? openPool(named, options);
      pools.set(named, pool);
      return pool;
    },
    allow: (urls) => {
      for (const named of urls.map(origin)) allowed.add(named);
    },
    close: () => end((pool) => pool.close()),
    destroy: () => end((pool) => pool.destroy()),
  };
}

/** The parser has already turned decimal, octal and hexadecimal hosts into the usual spelling. */
function originOf(text: string, publicOnly: boolean): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    throw new Fault('egress.refused', 'expected a URL that starts with http:// or https://');
  }
  if (isMetadataHost(url.hostname)) {
    throw new Fault('egress.refused', `${url.hostname} is a metadata or link-local address`); // E1
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (publicOnly && isPrivateAddress(host)) {
    throw new Fault('egress.refused', `${host} is not a public address`, {
      detail: `${host} may not be called: it is not a public address, and the operator has not named it.`,
    });
  }
  return url.origin;
}

function openPool(origin: string, options: EgressOptions): Pool {
  return new Pool(origin, {
    connect: guardedConnect(
      options.connectTimeoutMs ?? 10_000,
      options.resolve ?? systemResolve,
      options.publicOnly === true
        ? (host) => isMetadataHost(host) || isPrivateAddress(host) // E6
        : isMetadataHost,
    ),
    connections: options.connectionsMax ?? null,
    headersTimeout: options.headersTimeoutMs ?? 600_000,
    bodyTimeout: options.bodyTimeoutMs ?? 300_000,
    keepAliveTimeout: options.keepAliveTimeoutMs ?? 30_000,
    pipelining: 1,
    allowH2: false,
  });
}
