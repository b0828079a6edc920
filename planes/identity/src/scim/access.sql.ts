import { type Executor, sql } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

interface Of {
  readonly orgId: OrganizationId;
  readonly accountId: string;
}

/** S3. Whether the role of an owner was given to this account by hand. */
export async function isOwnerByHand(tx: Executor, { orgId, accountId }: Of): Promise<boolean> {
  const { rows } = await sql<{ owns: boolean }>`
    select exists (
      select from role_assignment
      where org_id = ${orgId} and subject_kind = 'account' and subject_id = ${accountId}
        and role = 'owner' and created_by not like 'sso:%'
    ) as owns
  `.execute(tx);
  return rows[0]?.owns === true;
}
