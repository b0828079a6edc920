import { listHashes } from '@sagewai/identity';
import type { Executor } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

import { findKeys } from '../keys/keys.sql.ts';
import { KEY_KIND } from '../keys/virtual-key.ts';

/** A key as LiteLLM's reports name it. */
export interface NamedKey {
  /** Its SHA-256 in hex; of one that is gone, our id of it; empty for no key. */
  readonly token: string;
  readonly hint: string | null;
  readonly alias: string | null;
  readonly personId: string | null;
  readonly teamId: string | null;
}

const UNKNOWN = { hint: null, alias: null, personId: null, teamId: null };

/** For each of these ids; null is a call without a key. */
export async function tokensOf(
  db: Executor,
  ids: readonly (string | null)[],
): Promise<(id: string | null) => string> {
  const given = [...new Set(ids)].filter((id) => id !== null);
  const hashes = await listHashes(db, { kind: KEY_KIND, ids: given });
  return (id) => (id === null ? '' : (hashes.get(id)?.toString('hex') ?? id));
}

export async function nameKeys(
  db: Executor,
  orgId: OrganizationId,
  ids: readonly (string | null)[],
): Promise<(id: string | null) => NamedKey> {
  const tokenOf = await tokensOf(db, ids);
  const keys = await findKeys(
    db,
    orgId,
    ids.filter((id) => id !== null),
  );
  return (id) => {
    const key = id === null ? undefined : keys.get(id);
    const token = tokenOf(id);
    if (key === undefined) return { ...UNKNOWN, token };
    const { hint, name, personId, teamId } = key;
    return { token, hint, alias: name === hint ? null : name, personId, teamId };
  };
}
