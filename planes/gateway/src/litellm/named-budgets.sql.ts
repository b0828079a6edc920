import type { Limits } from '@sagewai/ledger';
import { type Executor, sql, type Statement, type Tx } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

import {
  type Holder,
  type HolderKind,
  limitsOfKept,
  limitsToKeep,
  type NamedBudget,
} from './named-budget.ts';

export interface BudgetChoice {
  readonly orgId: OrganizationId;
  readonly id: string;
}

interface Row extends Omit<NamedBudget, 'limits'> {
  readonly limits: Readonly<Record<string, string>>;
}

const columns = (): Statement<unknown> => sql`
  org_id as "orgId", id, limits, created_by as "createdBy", created_at as "createdAt",
  updated_by as "updatedBy", updated_at as "updatedAt"`;

const toBudget = (row: Row): NamedBudget => ({ ...row, limits: limitsOfKept(row.limits) });

/** Null when the name is taken. */
export async function insertNamedBudget(
  tx: Tx,
  of: BudgetChoice & { readonly limits: Limits; readonly by: string },
): Promise<NamedBudget | null> {
  const { rows } = await sql<Row>`
    insert into named_budget (org_id, id, limits, created_by)
    values (${of.orgId}, ${of.id}, ${JSON.stringify(limitsToKeep(of.limits))}::jsonb, ${of.by})
    on conflict do nothing
    returning ${columns()}
  `.execute(tx);
  return rows[0] ? toBudget(rows[0]) : null;
}

/** Until the transaction ends nobody changes or deletes it: who comes to hold it has its limits. */
export async function holdNamedBudget(
  tx: Tx,
  { orgId, id }: BudgetChoice,
): Promise<NamedBudget | null> {
  const { rows } = await sql<Row>`
    select ${columns()} from named_budget where org_id = ${orgId} and id = ${id} for share
  `.execute(tx);
  return rows[0] ? toBudget(rows[0]) : null;
}

/** As `holdNamedBudget`, for whoever changes it: nobody comes to hold it meanwhile. */
export async function lockNamedBudget(
  tx: Tx,
  { orgId, id }: BudgetChoice,
): Promise<NamedBudget | null> {
  const { rows } = await sql<Row>`
    select ${columns()} from named_budget where org_id = ${orgId} and id = ${id} for update
  `.execute(tx);
  return rows[0] ? toBudget(rows[0]) : null;
}

export async function replaceLimits(
  tx: Tx,
  { orgId, id }: BudgetChoice,
  { limits, by }: { readonly limits: Limits; readonly by: string },
): Promise<NamedBudget | null> {
  const { rows } = await sql<Row>`
    update named_budget
    set limits = ${JSON.stringify(limitsToKeep(limits))}::jsonb, updated_by = ${by}, updated_at = app_now()
    where org_id = ${orgId} and id = ${id}
    returning ${columns()}
  `.execute(tx);
  return rows[0] ? toBudget(rows[0]) : null;
}

export async function deleteNamedBudgetOf(tx: Tx, { orgId, id }: BudgetChoice): Promise<void> {
  await sql`delete from named_budget where org_id = ${orgId} and id = ${id}`.execute(tx);
}

/** By name: some of them, or a page of all. */
export async function findNamedBudgets(
  db: Executor,
  orgId: OrganizationId,
  of: { readonly ids?: readonly string[]; readonly offset?: number; readonly limit: number },
): Promise<NamedBudget[]> {
  const { rows } = await sql<Row>`
    select ${columns()} from named_budget
    where org_id = ${orgId} and (${of.ids ?? null}::text[] is null or id = any(${of.ids ?? null}::text[]))
    order by id limit ${of.limit} offset ${of.offset ?? 0}
  `.execute(db);
  return rows.map(toBudget);
}

export async function putHolder(
  tx: Tx,
  { orgId, kind, id }: Holder,
  budgetId: string,
): Promise<void> {
  await sql`
    insert into budget_holder (org_id, scope_kind, scope_id, budget_id)
    values (${orgId}, ${kind}, ${id}, ${budgetId})
    on conflict (org_id, scope_kind, scope_id) do update set budget_id = excluded.budget_id
  `.execute(tx);
}

export async function dropHolder(
  tx: Tx,
  { orgId, kind, id }: Pick<Holder, 'orgId' | 'id'> & { readonly kind: string },
): Promise<void> {
  await sql`
    delete from budget_holder where org_id = ${orgId} and scope_kind = ${kind} and scope_id = ${id}
  `.execute(tx);
}

/** The budgets that these hold, by their ids. */
export async function listHeld(
  db: Executor,
  { orgId, kind }: Pick<Holder, 'orgId'> & { readonly kind: string },
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const { rows } = await sql<{ id: string; budgetId: string }>`
    select scope_id as id, budget_id as "budgetId" from budget_holder
    where org_id = ${orgId} and scope_kind = ${kind} and scope_id = any(${ids}::text[])
  `.execute(db);
  return new Map(rows.map(({ id, budgetId }) => [id, budgetId]));
}

/** Who holds one, in one order: two changes at once lock their limits alike. */
export async function listHolders(
  db: Executor,
  { orgId, id }: BudgetChoice,
  limit: number,
): Promise<Holder[]> {
  const { rows } = await sql<{ kind: HolderKind; id: string }>`
    select scope_kind as kind, scope_id as id from budget_holder
    where org_id = ${orgId} and budget_id = ${id}
    order by scope_kind, scope_id limit ${limit}
  `.execute(db);
  return rows.map((row) => ({ orgId, ...row }));
}

/**
 * The same, all of them, for whoever writes their limits: until then nobody gives it back and has limits of their own
 * that are written over. After the parts (`lockParts`), which whoever gives it back has locked before.
 */
export async function lockHolders(tx: Tx, { orgId, id }: BudgetChoice): Promise<Holder[]> {
  const { rows } = await sql<{ kind: HolderKind; id: string }>`
    select scope_kind as kind, scope_id as id from budget_holder
    where org_id = ${orgId} and budget_id = ${id}
    order by scope_kind, scope_id for update
  `.execute(tx);
  return rows.map((row) => ({ orgId, ...row }));
}
