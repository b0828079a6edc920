import { randomUUID } from 'node:crypto';

import { type Executor, sql, type Tx } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

import {
  type Balance,
  type Budget,
  type Limit,
  type Limits,
  listLimits,
  nameLimits,
  type Scope,
} from './budget.ts';
import { FACETS } from './facets/facet.ts';

/**
 * Replaces the limits of a scope; what is null is unlimited. Calls back the shares of the organization
 * (B5), waits for calls of it that are being committed, and holds up later ones until the transaction
 * ends: call it late, but before anything is added to the audit chain. It uses a second connection.
 */
export async function setBudgets(tx: Tx, scope: Scope, limits: Limits): Promise<void> {
  await recallShares(tx, scope.orgId);
  const listed = listLimits(limits);
  await sql`
    select ledger_set_limits(
      ${scope.orgId}::uuid, ${scope.kind}::text, ${scope.id}::text,
      ${listed.map(({ measure }) => measure)}::text[],
      ${listed.map(({ period }) => period)}::text[],
      ${listed.map(({ amount }) => amount)}::numeric[])
  `.execute(tx);
}

// Longer than a holding can last, so that one whose holder was killed has expired by then.
const RECALL_MS_MAX = 12_000;
const pauses = new WeakMap<Tx, Set<OrganizationId>>();

/** B5. From here to the end of the transaction nobody holds shares of the organization. */
export async function recallShares(tx: Tx, orgId: OrganizationId): Promise<void> {
  const recalled = pauses.get(tx) ?? new Set();
  // Once a transaction: the second time it would wait for its own lock.
  if (recalled.has(orgId)) return;
  pauses.set(tx, recalled.add(orgId));
  const pause = randomUUID();
  const { rows } = await tx.apart(sql<{ holdings: number }>`
    select ledger_recall(${orgId}::uuid, ${pause}::uuid, ${RECALL_MS_MAX}::bigint) as holdings
  `);
  if (rows[0]?.holdings !== 0) {
    await tx.apart(sql`select ledger_await_recall(${orgId}::uuid, ${RECALL_MS_MAX}::bigint)`);
  }
  await sql`delete from share_pause where org_id = ${orgId} and id = ${pause}`.execute(tx);
}

interface Row extends Limit {
  readonly kind: Scope['kind'];
  readonly scopeId: string;
  readonly settled: bigint;
  readonly reserved: bigint;
  readonly resetsAt: Date | null;
}

/** The limits of one scope and where they stand. A scope without limits has none to tell. */
export async function readBudgets(db: Executor, scope: Scope): Promise<Budget> {
  const [budget] = await listBudgets(db, scope.orgId, {
    kind: scope.kind,
    ids: [scope.id],
    limit: 1,
  });
  return budget ?? { scope, limits: nameLimits([]), balances: [] };
}

export interface BudgetFilter {
  readonly kind?: Scope['kind'] | undefined;
  readonly ids?: readonly string[] | undefined;
  /** Without those of parts, of which there may be as many as sessions. */
  readonly isWhole?: boolean;
  /** The last scope of the page before. */
  readonly after?: Pick<Scope, 'kind' | 'id'> | undefined;
  /** Scopes. */
  readonly limit: number;
}

/** Says that the scope has parts, and limits nothing (`ledger_set_facet_limits`). */
const MARK = sql`measure = 'requests' and period = 'hour'`;

/** Scopes that have limits, by kind and id. A window that is over counts as empty. */
export async function listBudgets(
  db: Executor,
  orgId: OrganizationId,
  filter: BudgetFilter,
): Promise<Budget[]> {
  const conditions = [sql`org_id = ${orgId}`, sql`not (${MARK})`];
  if (filter.kind !== undefined) conditions.push(sql`scope_kind = ${filter.kind}`);
  if (filter.isWhole === true) conditions.push(sql`scope_kind <> all(${[...FACETS]}::text[])`);
  if (filter.ids !== undefined) conditions.push(sql`scope_id = any(${filter.ids}::text[])`);
  if (filter.after !== undefined) {
    conditions.push(sql`(scope_kind, scope_id) > (${filter.after.kind}, ${filter.after.id})`);
  }
  const { rows } = await sql<Row>`
    with scope as (
      select distinct scope_kind, scope_id from budget
      where ${sql.join(conditions, ' and ')}
      order by scope_kind, scope_id limit ${filter.limit}
    )
    select b.scope_kind as kind, b.scope_id as "scopeId", b.measure, b.period,
           b.limit_amount as amount,
           case when is_sliding(b.period)
             then (ring_after(b.slots, b.settled, b.opened_at, n.now, null, null)).total
             else case when b.opened_at >= window_of(b.period, n.now) then b.settled else 0 end
           end as settled,
           case when is_sliding(b.period) or b.opened_at >= window_of(b.period, n.now)
             then b.reserved else 0 end as reserved,
           window_end(b.period, n.now) as "resetsAt"
    from scope s
    join budget b
      on b.org_id = ${orgId} and b.scope_kind = s.scope_kind and b.scope_id = s.scope_id
    cross join lateral (select greatest(app_now(), b.opened_at) as now) n
    where not (${MARK})
    order by b.scope_kind, b.scope_id, b.id
  `.execute(db);
  const byScope = Map.groupBy(rows, ({ kind, scopeId }) => `${kind} ${scopeId}`);
  return [...byScope.values()].map((balances) => budgetOf(orgId, balances));
}

function budgetOf(orgId: OrganizationId, rows: readonly Row[]): Budget {
  const [first] = rows;
  if (!first) throw new Error('a group has no rows');
  const balances = rows.map(
    ({ measure, period, amount, settled, reserved, resetsAt }): Balance => ({
      measure,
      period,
      amount,
      settled,
      reserved,
      resetsAt,
    }),
  );
  return {
    scope: { orgId, kind: first.kind, id: first.scopeId },
    limits: nameLimits(balances),
    balances,
  };
}
