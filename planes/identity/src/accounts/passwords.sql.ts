import { sql, type Tx } from '@sagewai/postgres';
import type { AccountId, OrganizationId } from '@sagewai/wire';

export interface KeptPassword {
  readonly hash: string;
  readonly changedAt: Date;
}

export async function readPassword(tx: Tx, accountId: AccountId): Promise<KeptPassword | null> {
  const { rows } = await sql<KeptPassword>`
    select hash, changed_at as "changedAt" from account_password where account_id = ${accountId}
  `.execute(tx);
  return rows[0] ?? null;
}

export async function setPassword(
  tx: Tx,
  {
    orgId,
    accountId,
    hash,
  }: { readonly orgId: OrganizationId; readonly accountId: AccountId; readonly hash: string },
): Promise<void> {
  await sql`
    insert into account_password (account_id, org_id, hash) values (${accountId}, ${orgId}, ${hash})
    on conflict (account_id) do update set hash = excluded.hash, changed_at = app_now()
  `.execute(tx);
}

/** The same password at another cost (A2); one that was changed meanwhile is left alone. */
export async function rehashPassword(
  tx: Tx,
  {
    accountId,
    from,
    to,
  }: { readonly accountId: AccountId; readonly from: string; readonly to: string },
): Promise<void> {
  await sql`
    update account_password set hash = ${to} where account_id = ${accountId} and hash = ${from}
  `.execute(tx);
}
