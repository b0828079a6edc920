import { type Db, inTenant, sql } from '@sagewai/postgres';
import type { OrganizationId, ProjectId } from '@sagewai/wire';

/** What an agent should spend a day, as the ledger keeps it. */
export async function limitSoftly(
  db: Db,
  { orgId, projectId }: { readonly orgId: OrganizationId; readonly projectId: ProjectId },
  of: { readonly agent: string; readonly action: string; readonly chain?: readonly string[] },
): Promise<void> {
  await inTenant(db, [orgId], async (tx) => {
    await sql`
      insert into soft_limited_project (org_id, project_id) values (${orgId}, ${projectId})
      on conflict do nothing
    `.execute(tx);
    await sql`
      insert into soft_limit (org_id, project_id, agent, daily_pusd, action, fallback_chain, month)
      values (${orgId}, ${projectId}, ${of.agent}, 0, ${of.action}, ${[...(of.chain ?? [])]}::text[], 'calendar')
    `.execute(tx);
  });
}
