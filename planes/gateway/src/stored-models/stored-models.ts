import type { Clock } from '@sagewai/clock';
import { open, seal, type SealingKeys } from '@sagewai/crypto';
import type { Log } from '@sagewai/log';
import type { Db } from '@sagewai/postgres';

import { addressesOf, type Deployment } from '../models/deployment.ts';
import { type ModelSpec, readStored } from './read-stored.ts';
import { listSealed, readVersion } from './stored-models.sql.ts';

/** A sealed deployment opens under its own id alone. */
export const storedModelContext = (id: string): string => `stored-model/${id}`;

/** The deployments that are kept in the database, as this replica knows them. */
export interface StoredModels {
  deployments(): readonly Deployment[];
  /** Reads them again if they have changed. */
  refresh(): Promise<void>;
  seal(spec: ModelSpec): string;
  unseal(of: { readonly id: string; readonly sealed: string }): ModelSpec | null;
}

export function createStoredModels(of: {
  readonly db: Db;
  readonly keys: SealingKeys;
  readonly clock: Clock;
  readonly log: Log;
  /** Throws `egress.refused` for an address that may not be called (any more). */
  readonly allow: (url: string) => void;
  /** Counted with them, and so read with them. */
  readonly readCredentials: () => Promise<void>;
  /** Told before they are used. */
  readonly changed: (deployments: readonly Deployment[]) => void;
}): StoredModels {
  const { db, keys, clock, log } = of;
  let version = 0n;
  let deployments: readonly Deployment[] = [];

  const unseal: StoredModels['unseal'] = ({ id, sealed }) => {
    const opened = open(keys, sealed, storedModelContext(id));
    return opened.kind === 'opened' ? (JSON.parse(opened.data.toString()) as ModelSpec) : null;
  };
  /** Null: left out, with a line in the log. One that cannot be used takes no other with it. */
  const use = (row: Parameters<typeof unseal>[0]): Deployment | null => {
    const fields = { deployment: row.id };
    try {
      const spec = unseal(row);
      const stored = spec && readStored(spec, clock.now());
      if (stored?.kind === 'read') {
        for (const url of addressesOf(stored.deployment.endpoint)) of.allow(url);
        return stored.deployment;
      }
      log.error('a stored deployment cannot be used', fields);
    } catch (error) {
      log.error('a stored deployment cannot be used', { ...fields, error });
    }
    return null;
  };
  const load = async (): Promise<void> => {
    const now = await readVersion(db);
    if (now === version) return;
    await of.readCredentials();
    const read = (await listSealed(db)).flatMap((row) => use(row) ?? []);
    of.changed(read);
    version = now;
    deployments = read;
  };
  let loading: Promise<void> = Promise.resolve();
  return {
    deployments: () => deployments,
    // One after the other: an older list must not replace a newer one.
    refresh: () => (loading = loading.catch(() => undefined).then(load)),
    seal: (spec) => seal(keys[0], JSON.stringify(spec), storedModelContext(spec.model_info.id)),
    unseal,
  };
}
