import { type Executor, sql, type Statement, type Tx } from '@sagewai/postgres';
import type { OrganizationId, TokenId } from '@sagewai/wire';

import type { BreakGlass } from './break-glass.ts';

const columns = (): Statement<unknown> => sql`
  id, name, reason, created_at as "createdAt", expires_at as "expiresAt", used_at as "usedAt",
  used_address as "usedAddress", revoked_at as "revokedAt"`;

/** G1. Needs a connection as `sagewai_dispatch`. */
export async function insertBreakGlass(
  tx: Tx,
  of: Pick<BreakGlass, 'id' | 'name' | 'reason'> & {
    readonly hash: Uint8Array;
    readonly lifetimeMs: number;
  },
): Promise<BreakGlass> {
  const { rows } = await sql<BreakGlass>`
    insert into platform_token (id, hash, name, reason, expires_at)
    values (${of.id}, ${Buffer.from(of.hash)}, ${of.name}, ${of.reason},
            app_now() + ${of.lifetimeMs}::float8 * interval '1 millisecond')
    returning ${columns()}
  `.execute(tx);
  const [inserted] = rows;
  if (!inserted) throw new Error('insert returned no row');
  return inserted;
}

/** The newest first. */
export async function listBreakGlass(db: Executor): Promise<BreakGlass[]> {
  const { rows } = await sql<BreakGlass>`
    select ${columns()} from platform_token where reason is not null order by created_at desc, id
    limit 100
  `.execute(db);
  return rows;
}

/** One, or all that are live; those that were ended by this. Needs a connection as `sagewai_dispatch`. */
export async function revokeBreakGlass(tx: Tx, id: TokenId | null): Promise<BreakGlass[]> {
  const { rows } = await sql<BreakGlass>`
    update platform_token set revoked_at = app_now()
    where reason is not null and revoked_at is null and expires_at > app_now()
      and (${id}::uuid is null or id = ${id}::uuid)
    returning ${columns()}
  `.execute(tx);
  return rows;
}

/** The one of this hash, if it is good now. */
export async function findBreakGlass(db: Executor, hash: Uint8Array): Promise<BreakGlass | null> {
  const { rows } = await sql<BreakGlass>`
    select ${columns()} from platform_token
    where hash = ${Buffer.from(hash)} and reason is not null
      and revoked_at is null and expires_at > app_now()
  `.execute(db);
  return rows[0] ?? null;
}

/** Elsewhere: it is used from another address (G2). */
export type Taken = 'taken' | 'elsewhere' | 'ended';

/** Uses it, if it is good now; the first address that does is its only one (G2). */
export async function takeBreakGlass(
  db: Executor,
  { id, address }: Pick<BreakGlass, 'id'> & { readonly address: string },
): Promise<Taken> {
  const { rows } = await sql<{ isHere: boolean }>`
    with live as (
      select id, used_address is null or used_address = ${address} as is_here from platform_token
      where id = ${id} and reason is not null and revoked_at is null and expires_at > app_now()
      for update
    ), taken as (
      update platform_token p
      set used_at = coalesce(p.used_at, app_now()), used_address = ${address},
          last_used_at = date_trunc('minute', app_now())
      from live l where p.id = l.id and l.is_here  -- G2
    )
    select is_here as "isHere" from live
  `.execute(db);
  const [live] = rows;
  if (!live) return 'ended';
  return live.isHere ? 'taken' : 'elsewhere';
}

/** Whether it is the first time in this organization (G3). */
export async function noteFirstUse(
  tx: Tx,
  { orgId, tokenId }: { readonly orgId: OrganizationId; readonly tokenId: TokenId },
): Promise<boolean> {
  const { rowCount } = await sql`
    insert into break_glass_use (org_id, token_id) values (${orgId}, ${tokenId})
    on conflict do nothing
  `.execute(tx);
  return rowCount > 0;
}

/** Addresses of the active accounts that own it. */
export async function listOwnerEmails(tx: Tx, orgId: OrganizationId): Promise<string[]> {
  const { rows } = await sql<{ email: string }>`
    select distinct a.email from account a
    join role_assignment r on r.org_id = a.org_id and r.subject_kind = 'account' and r.subject_id = a.id
    where a.org_id = ${orgId} and a.active and r.role = 'owner' and r.project_id is null
    order by a.email limit 50
  `.execute(tx);
  return rows.map(({ email }) => email);
}
