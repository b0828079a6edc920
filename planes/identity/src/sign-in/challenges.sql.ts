import { sql, type Tx } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

/** Whether this is the first time that it is answered (A5). */
export async function spendChallenge(
  tx: Tx,
  of: { readonly orgId: OrganizationId; readonly hash: Buffer; readonly expiresAt: Date },
): Promise<boolean> {
  await sql`delete from spent_challenge where expires_at < app_now()`.execute(tx);
  const { rows } = await sql`
    insert into spent_challenge (org_id, hash, expires_at)
    values (${of.orgId}, ${of.hash}, ${of.expiresAt}) on conflict do nothing  -- A5
    returning hash
  `.execute(tx);
  return rows.length > 0;
}
