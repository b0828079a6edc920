import { type Budget, listBudgets, listFacetLimits, UNLIMITED } from '@sagewai/ledger';
import type { Executor } from '@sagewai/postgres';
import type { OrganizationId, OutputOf, readCustomer, updateTag } from '@sagewai/wire';

import type { DescribedPart } from './described-part.ts';
import { isBlocked } from './holder-limits.ts';
import { listHeld } from './named-budgets.sql.ts';
import { showHeld, type ShownHeld } from './show-budgets.ts';

export type ShownCustomer = OutputOf<typeof readCustomer>;
export type ShownTag = OutputOf<typeof updateTag>['tag'];

interface Standing {
  readonly blocked: boolean;
  readonly spend: number | null;
  readonly table: ShownHeld | null;
}

export async function showCustomers(
  db: Executor,
  orgId: OrganizationId,
  parts: readonly DescribedPart[],
): Promise<ShownCustomer[]> {
  const standings = await standingsOf(db, { orgId, facet: 'end_user' }, parts);
  return parts.map((part) => {
    const { blocked, spend, table } = standings(part);
    return {
      user_id: part.name,
      alias: part.label,
      blocked,
      spend,
      metadata: { ...part.metadata },
      allowed_model_region: null,
      default_model: null,
      object_permission: null,
      litellm_budget_table: table,
      created_at: part.createdAt.toISOString(),
      updated_at: part.updatedAt.toISOString(),
    };
  });
}

export async function showTags(
  db: Executor,
  orgId: OrganizationId,
  parts: readonly DescribedPart[],
): Promise<ShownTag[]> {
  const standings = await standingsOf(db, { orgId, facet: 'tag' }, parts);
  return parts.map((part) => {
    const { spend, table } = standings(part);
    return {
      name: part.name,
      description: part.label,
      models: [],
      spend,
      litellm_budget_table: table,
      created_by: part.createdBy,
      created_at: part.createdAt.toISOString(),
      updated_at: part.updatedAt.toISOString(),
    };
  });
}

async function standingsOf(
  db: Executor,
  { orgId, facet }: Pick<DescribedPart, 'orgId' | 'facet'>,
  parts: readonly DescribedPart[],
): Promise<(part: DescribedPart) => Standing> {
  const names = parts.map(({ name }) => name);
  const limit = Math.max(1, names.length);
  const of = { kind: 'organization', ids: [orgId], facet, names, limit } as const;
  const limited = new Map((await listFacetLimits(db, orgId, of)).map((one) => [one.name, one]));
  const ids = [...limited.values()].flatMap(({ partId }) => partId ?? []);
  const budgets = new Map<string, Budget>(
    (await listBudgets(db, orgId, { kind: facet, ids, limit })).map((one) => [one.scope.id, one]),
  );
  const held = await listHeld(db, { orgId, kind: facet }, names);
  return (part) => {
    const { limits = UNLIMITED, partId = null } = limited.get(part.name) ?? {};
    const blocked = isBlocked(part, limits);
    const own = blocked ? { ...limits, requestsPerMinute: part.requestsBefore } : limits;
    const { balances } = budgets.get(partId ?? '') ?? { balances: [] };
    return {
      blocked,
      ...showHeld({ limits: own, balances, budgetId: held.get(part.name) }),
    };
  };
}
