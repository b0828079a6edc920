import { type Executor, sql, type Tx } from '@sagewai/postgres';
import type { OrganizationId, ProjectId } from '@sagewai/wire';

import { NO_ROUTING, type ProjectRouting } from './project-routing.ts';

export async function readProjectRouting(
  tx: Executor,
  projectId: ProjectId,
): Promise<ProjectRouting> {
  const { rows } = await sql<ProjectRouting>`
    select labels, pool, model from project_routing where project_id = ${projectId}
  `.execute(tx);
  return rows[0] ?? NO_ROUTING;
}

export async function setProjectRouting(
  tx: Tx,
  { orgId, projectId }: { readonly orgId: OrganizationId; readonly projectId: ProjectId },
  { labels, pool, model }: ProjectRouting,
): Promise<void> {
  await sql`
    insert into project_routing (org_id, project_id, labels, pool, model)
    values (${orgId}, ${projectId}, ${JSON.stringify(labels)}::jsonb, ${pool}, ${model})
    on conflict (project_id) do update
      set labels = excluded.labels, pool = excluded.pool, model = excluded.model
  `.execute(tx);
}
