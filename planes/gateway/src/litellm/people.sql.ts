import { sql, type Tx } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

/** A key may name a person that nobody has described yet. Also says whether they were deleted. */
export async function admitPerson(
  tx: Tx,
  of: { readonly orgId: OrganizationId; readonly id: string; readonly by: string },
): Promise<'admitted' | 'deleted'> {
  await sql`
    insert into person (org_id, id, created_by) values (${of.orgId}, ${of.id}, ${of.by})
    on conflict do nothing
  `.execute(tx);
  const { rows } = await sql<{ isDeleted: boolean }>`
    select deleted_at is not null as "isDeleted" from person
    where org_id = ${of.orgId} and id = ${of.id}
  `.execute(tx);
  return rows[0]?.isDeleted === false ? 'admitted' : 'deleted';
}
