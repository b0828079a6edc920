import type { SealingKeys } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import type { Route } from '@sagewai/http';
import type { Log } from '@sagewai/log';
import type { Db } from '@sagewai/postgres';
import type { Dispatcher } from 'undici';

import type { Catalogue } from '../models/catalogue.ts';
import { type Endpoint, placeOf } from '../models/deployment.ts';
import type { StoredReferences } from '../stored-models/stored-references.ts';
import { createCredentialBook } from './credential-book.ts';
import { credentialRoutes } from './credential-routes.ts';
import { createProxyKeys } from './proxy-keys.ts';
import { createRetiring, type Retiring } from './retire-keys.ts';
import { withCredentials } from './with-credentials.ts';

/** Credentials that projects carry themselves: with one, its calls use no other. */
export interface ProjectCredentials {
  readonly catalogue: Catalogue;
  readonly routes: readonly Route[];
  refresh(): Promise<void>;
  close(): void;
}

export function createProjectCredentials(of: {
  readonly db: Db;
  readonly keys: SealingKeys;
  readonly log: Log;
  readonly references: StoredReferences;
  readonly catalogue: Catalogue;
  readonly poolOf: (url: string) => Pick<Dispatcher, 'request'>;
  /** Of everything that the operator has named. */
  readonly endpoints: () => readonly Endpoint[];
  /** How often replicas look for changes. */
  readonly intervalMs: number;
}): ProjectCredentials {
  const { db, log, endpoints } = of;
  const book = createCredentialBook({ ...of, watch: (rows) => retiring.watch(rows) });
  const proxy = createProxyKeys(of.poolOf);
  const endpointAt = (baseUrl: string): Endpoint => {
    const there = endpoints().filter((one) => one.baseUrl === baseUrl);
    // A deployment of the configuration may be reached there too, and know no key that makes keys.
    const endpoint = there.find(({ provider }) => provider === 'litellm') ?? there[0];
    if (endpoint !== undefined) return endpoint;
    const place = placeOf({ baseUrl });
    throw new Fault('resource.missing', `nothing is configured at ${place}`, {
      detail: `No provider is configured at ${place} any more, so its keys cannot be administered.`,
    });
  };
  const retiring: Retiring = createRetiring({
    db,
    log,
    proxy,
    unseal: (row) => book.unseal(row),
    endpointAt,
    graceMs: 2 * of.intervalMs,
  });
  return {
    catalogue: withCredentials(of.catalogue, book),
    routes: credentialRoutes({ ...of, book, proxy, endpoints, endpointAt, retiring }),
    refresh: () => book.refresh(),
    close: () => retiring.close(),
  };
}
