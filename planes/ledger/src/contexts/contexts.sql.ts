import { type Db, type Executor, inTenant, sql } from '@sagewai/postgres';

import { UNLIMITED } from '../budget.ts';
import { setBudgets } from '../budgets.sql.ts';
import type { ContextLimits, ContextPlace } from './context.ts';

async function isKept(db: Executor, { orgId }: ContextPlace, id: string): Promise<boolean> {
  const { rows } = await sql<{ kept: boolean }>`
    select exists (
      select from budget where org_id = ${orgId} and scope_kind = 'context' and scope_id = ${id}
    ) as kept
  `.execute(db);
  return rows[0]?.kept ?? false;
}

/** False: the organization has too many already. Two that keep it at once keep one (B5). */
export async function keepContext(
  db: Db,
  place: ContextPlace,
  of: { readonly id: string; readonly limits: ContextLimits; readonly max: number },
): Promise<boolean> {
  const { orgId } = place;
  return inTenant(db, [orgId], async (tx) => {
    if (await isKept(tx, place, of.id)) return true;
    const { rows } = await sql<{ count: number }>`
      select count(distinct scope_id)::int as count from budget
      where org_id = ${orgId} and scope_kind = 'context'
    `.execute(tx);
    if ((rows[0]?.count ?? 0) >= of.max) return false;
    await setBudgets(tx, { orgId, kind: 'context', id: of.id }, { ...UNLIMITED, ...of.limits });
    return true;
  });
}

/** Contexts of whose windows nothing is left that counts, at most so many; answers how many. */
export async function dropIdleContexts(
  db: Db,
  { orgId }: Pick<ContextPlace, 'orgId'>,
): Promise<number> {
  return inTenant(db, [orgId], async (tx) => {
    const { rows } = await sql<{ scopeId: string }>`
      select scope_id as "scopeId" from budget
      where org_id = ${orgId} and scope_kind = 'context'
      group by scope_id
      -- A day longer than it takes: replicas remember for a moment what is there.
      having max(opened_at) < window_of('day', app_now()) - interval '1 day' and max(reserved) = 0
      limit 100
    `.execute(tx);
    for (const { scopeId } of rows) {
      await setBudgets(tx, { orgId, kind: 'context', id: scopeId }, UNLIMITED);
    }
    return rows.length;
  });
}
