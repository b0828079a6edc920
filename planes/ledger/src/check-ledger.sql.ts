import { type Db, inTenant, sql, type Tx } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

import type { Measure, Period, ScopeKind } from './budget.ts';

/** A budget whose balance is not the sum of its rows (B4). */
export interface Mismatch {
  readonly orgId: OrganizationId;
  readonly scopeKind: ScopeKind;
  readonly scopeId: string;
  readonly measure: Measure;
  readonly period: Period;
  readonly kept: { readonly settled: bigint; readonly reserved: bigint };
  readonly derived: { readonly settled: bigint; readonly reserved: bigint };
}

interface Row extends Omit<Mismatch, 'kept' | 'derived'> {
  readonly settled: bigint;
  readonly reserved: bigint;
  readonly settledDerived: bigint;
  readonly reservedDerived: bigint;
}

/**
 * Compares every balance of the organizations with the rows that it stands for. Exact under load and
 * without locks: balances and rows change in one commit, and one statement sees one snapshot.
 */
export async function checkLedger(
  db: Db,
  orgIds: readonly OrganizationId[],
): Promise<readonly Mismatch[]> {
  const found: Mismatch[] = [];
  for (const orgId of orgIds) found.push(...(await checkOrganization(db, orgId)));
  return found;
}

const checkOrganization = (db: Db, orgId: OrganizationId): Promise<Mismatch[]> =>
  inTenant(db, [orgId], (tx) => checkBalances(tx, orgId));

/** The same in a transaction that acts for the organization. */
export async function checkBalances(tx: Tx, orgId: OrganizationId): Promise<Mismatch[]> {
  const { rows } = await sql<Row>`
      select b.org_id as "orgId", b.scope_kind as "scopeKind", b.scope_id as "scopeId", b.measure,
             b.period, b.settled, b.reserved, d.settled as "settledDerived",
             d.reserved as "reservedDerived"
      from ledger_derive((select array_agg(id) from budget where org_id = ${orgId})) d
      join budget b on b.id = d.id
      where (b.settled, b.reserved) is distinct from (d.settled, d.reserved)
         or b.slots is distinct from d.slots
    `.execute(tx);
  return rows.map(({ settled, reserved, settledDerived, reservedDerived, ...budget }) => ({
    ...budget,
    kept: { settled, reserved },
    derived: { settled: settledDerived, reserved: reservedDerived },
  }));
}

/** How many limits on money of an organization have how much left. */
export interface BudgetsLeft {
  readonly scope: ScopeKind;
  /** `none`; less than a tenth: `little`; less than half: `some`; else `most`. */
  readonly left: 'none' | 'little' | 'some' | 'most';
  readonly count: number;
}

export function countBudgetsLeft(db: Db, orgId: OrganizationId): Promise<BudgetsLeft[]> {
  return inTenant(db, [orgId], async (tx) => {
    const { rows } = await sql<BudgetsLeft>`
      select b.scope_kind as scope,
             case when l.used >= b.limit_amount then 'none'
                  when l.used >= b.limit_amount * 0.9 then 'little'
                  when l.used > b.limit_amount * 0.5 then 'some' else 'most' end as left,
             count(*)::int as count
      from budget b
      cross join lateral (
        select case when b.opened_at < window_of(b.period, app_now()) then 0
          else b.settled + b.reserved end as used
      ) l
      where b.org_id = ${orgId} and b.measure = 'cost'
      group by 1, 2
    `.execute(tx);
    return rows;
  });
}

/** For the job, which sees no tenant's rows: who has limits. */
export async function findOrgsWithBudgets(dispatch: Db): Promise<OrganizationId[]> {
  const { rows } = await sql<{ orgId: OrganizationId }>`
    select distinct org_id as "orgId" from budget
  `.execute(dispatch);
  return rows.map(({ orgId }) => orgId);
}

/** Months of routing decisions that were over so long ago; answers how many. */
export async function dropDecisions(dispatch: Db, keptMs: number): Promise<number> {
  const { rows } = await sql<{ dropped: number }>`
    select ledger_drop_decisions(app_now() - ${Math.ceil(keptMs)}::bigint * interval '1 millisecond')
      as dropped
  `.execute(dispatch);
  return rows[0]?.dropped ?? 0;
}

/** Makes the partitions of the coming months that are not there yet. */
export async function makeMonths(dispatch: Db, months: number): Promise<number> {
  const { rows } = await sql<{ made: number }>`
    select ledger_make_months(app_now()::date, ${months}::int) as made
  `.execute(dispatch);
  return rows[0]?.made ?? 0;
}
