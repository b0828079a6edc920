import { type Executor, sql, type Tx } from '@sagewai/postgres';
import type { TokenId } from '@sagewai/wire';

/** A token of an administrator of the platform, who belongs to no organization (I5). */
export interface PlatformToken {
  readonly id: TokenId;
  readonly name: string;
}

/** The platform token of this hash; its use is marked, at most once a minute. */
export async function usePlatformToken(
  db: Executor,
  hash: Uint8Array,
): Promise<PlatformToken | null> {
  const { rows } = await sql<PlatformToken & { readonly stale: boolean }>`
    select id, name, last_used_at is distinct from date_trunc('minute', app_now()) as stale
    from platform_token where hash = ${Buffer.from(hash)} and reason is null  -- G4
  `.execute(db);
  const [found] = rows;
  if (!found) return null;
  if (found.stale) {
    await sql`
      update platform_token set last_used_at = date_trunc('minute', app_now()) where id = ${found.id}
    `.execute(db);
  }
  return { id: found.id, name: found.name };
}

/** Replicas that start together decide one after the other. Ends with the transaction. */
export async function lockAdministrators(tx: Tx): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended('sagewai.administrator', 0))`.execute(tx);
}

export async function countPlatformTokens(tx: Tx): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from platform_token where reason is null  -- G4
  `.execute(tx);
  return rows[0]?.count ?? 0;
}

/** False when this very value is an administrator's already. */
export async function insertPlatformToken(
  tx: Tx,
  token: PlatformToken & { readonly hash: Uint8Array },
): Promise<boolean> {
  const { rowCount } = await sql`
    insert into platform_token (id, hash, name)
    values (${token.id}, ${Buffer.from(token.hash)}, ${token.name})
    on conflict (hash) do nothing
  `.execute(tx);
  return rowCount > 0;
}

/** Ends every token but the one with this hash, and returns what was ended. */
export async function dropOtherPlatformTokens(
  tx: Tx,
  hash: Uint8Array,
): Promise<readonly PlatformToken[]> {
  const { rows } = await sql<PlatformToken>`
    delete from platform_token where hash <> ${Buffer.from(hash)} and reason is null
    returning id, name
  `.execute(tx);
  return rows;
}
