import { type Executor, sql, type Statement } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

import type { Team } from './team.ts';

const columns = (): Statement<unknown> => sql`
  org_id as "orgId", id, alias, models, metadata, parallel_max as "parallelMax",
  created_at as "createdAt", created_by as "createdBy", updated_at as "updatedAt",
  blocked_at as "blockedAt"`;

export interface TeamChoice {
  readonly orgId: OrganizationId;
  readonly id: string;
}

/** Null when there is none, or it was deleted. */
export async function findTeam(db: Executor, { orgId, id }: TeamChoice): Promise<Team | null> {
  const { rows } = await sql<Team>`
    select ${columns()} from team where org_id = ${orgId} and id = ${id} and deleted_at is null
  `.execute(db);
  return rows[0] ?? null;
}
