import type { Clock } from '@sagewai/clock';
import { open, seal, type SealingKeys } from '@sagewai/crypto';
import type { Log } from '@sagewai/log';
import type { Db } from '@sagewai/postgres';

import { addressesOf, type Deployment } from '../models/deployment.ts';
import { type ModelSpec, readStored } from './read-stored.ts';
import { listSealed, readVersion } from './stored-models.sql.ts';
import { type StoredReferences, valueOf } from './stored-references.ts';

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
  readonly references: StoredReferences;
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
  const use = async (row: Parameters<typeof unseal>[0]): Promise<Deployment | null> => {
    const fields = { deployment: row.id };
    try {
      const spec = unseal(row);
      const stored = spec && readStored(await withValues(spec, of.references), clock.now());
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
    if (now === version && !of.references.isDue()) return;
    await of.readCredentials();
    const used = await Promise.all((await listSealed(db)).map(use));
    const read = used.filter((one) => one !== null);
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

/** M6. With what its references stand for; this is never written. */
async function withValues(spec: ModelSpec, references: StoredReferences): Promise<ModelSpec> {
  const given = Object.entries(spec.litellm_params);
  const values = await Promise.all(
    given.map(async ([name, value]) => [
      name,
      typeof value === 'string' ? await valueOf(references, value, null) : value,
    ]),
  );
  return { ...spec, litellm_params: Object.fromEntries(values) as ModelSpec['litellm_params'] };
}
