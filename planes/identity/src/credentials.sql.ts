import { type Executor, sql, type Tx } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

/** What a key is the key of. The value of the key is nowhere; its hash is only here (I2). */
export interface Credential {
  /** The plane's word for this kind of key: `token`, `key`, `enrollment`. */
  readonly kind: string;
  readonly id: string;
  readonly orgId: OrganizationId;
}

/** Makes a key findable. Written in the transaction that makes its record; `hash` is its SHA-256. */
export async function registerCredential(
  tx: Tx,
  credential: Credential & { readonly hash: Uint8Array },
): Promise<void> {
  const { hash, kind, id, orgId } = credential;
  await sql`
    insert into credential (hash, kind, id, org_id)
    values (${Buffer.from(hash)}, ${kind}, ${id}, ${orgId})
  `.execute(tx);
}

/** Forgets every key of a record: from the commit on, no look-up finds it. */
export async function dropCredential(
  tx: Tx,
  { kind, id }: { readonly kind: string; readonly id: string },
): Promise<void> {
  await sql`delete from credential where id = ${id} and kind = ${kind}`.execute(tx);
}

/** The hashes of keys that can be found, by the id of their record. */
export async function listHashes(
  db: Executor,
  { kind, ids }: { readonly kind: string; readonly ids: readonly string[] },
): Promise<ReadonlyMap<string, Buffer>> {
  if (ids.length === 0) return new Map();
  const { rows } = await sql<{ id: string; hash: Buffer }>`
    select id, hash from credential where id = any(${ids}::uuid[]) and kind = ${kind}
  `.execute(db);
  return new Map(rows.map(({ id, hash }) => [id, hash]));
}

/** Whose key this is; needs no tenant. Null when nobody's. */
export async function findCredential(
  db: Executor,
  { kind, hash }: { readonly kind: string; readonly hash: Uint8Array },
): Promise<Credential | null> {
  const { rows } = await sql<Credential>`
    select kind, id, org_id as "orgId" from credential
    where hash = ${Buffer.from(hash)} and kind = ${kind}
  `.execute(db);
  return rows[0] ?? null;
}
