import { type Executor, sql, type Tx } from '@sagewai/postgres';
import type { OrganizationId, ProjectId, Tier } from '@sagewai/wire';

import type { ModelTiers, TierTarget } from './model-tier.ts';

export async function readModelTiers(tx: Executor, projectId: ProjectId): Promise<ModelTiers> {
  const { rows } = await sql<TierTarget & { readonly tier: Tier }>`
    select tier, model, pool from model_tier where project_id = ${projectId}
  `.execute(tx);
  return Object.fromEntries(rows.map(({ tier, ...target }) => [tier, target]));
}

/** All tiers of the project at once; those that are left out have nothing from now on. */
export async function replaceModelTiers(
  tx: Tx,
  { orgId, projectId }: { readonly orgId: OrganizationId; readonly projectId: ProjectId },
  tiers: ModelTiers,
): Promise<void> {
  const given = Object.entries(tiers);
  const names = given.map(([tier]) => tier);
  await sql`
    delete from model_tier where project_id = ${projectId} and tier <> all(${names}::text[])
  `.execute(tx);
  await sql`
    insert into model_tier (org_id, project_id, tier, model, pool)
    select ${orgId}, ${projectId}, g.tier, g.model, g.pool
    from unnest(${names}::text[], ${given.map(([, { model }]) => model)}::text[],
                ${given.map(([, { pool }]) => pool)}::text[]) g(tier, model, pool)
    order by g.tier
    on conflict (project_id, tier) do update set model = excluded.model, pool = excluded.pool
  `.execute(tx);
}
