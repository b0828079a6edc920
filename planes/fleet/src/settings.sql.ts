import { type Executor, sql, type Tx } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

/** Whether workers may register without a credential; null: as the server is configured. */
export async function readOpenRegistration(
  tx: Executor,
  orgId: OrganizationId,
): Promise<boolean | null> {
  const { rows } = await sql<{ open: boolean | null }>`
    select open_registration as open from fleet_setting where org_id = ${orgId}
  `.execute(tx);
  return rows[0]?.open ?? null;
}

export async function setOpenRegistration(
  tx: Tx,
  orgId: OrganizationId,
  open: boolean | null,
): Promise<void> {
  await sql`
    insert into fleet_setting (org_id, open_registration) values (${orgId}, ${open})
    on conflict (org_id) do update set open_registration = excluded.open_registration
  `.execute(tx);
}
