import { type Executor, sql, type Tx } from '@sagewai/postgres';
import { canonicalModel, type OrganizationId } from '@sagewai/wire';

import {
  type Limit,
  type Limits,
  listLimits,
  nameLimits,
  type Scope,
  UNLIMITED,
} from '../budget.ts';
import { recallShares } from '../budgets.sql.ts';
import type { Facet, FacetLimit } from './facet.ts';

/** Of one scope and facet; null: of each. */
export interface FacetChoice {
  readonly scope: Scope;
  readonly facet: Facet;
  readonly name: string | null;
}

/** As `setBudgets`, of a part of the scope: what is null is unlimited, and so may be all of it. */
export async function setFacetLimits(tx: Tx, of: FacetChoice, limits: Limits): Promise<void> {
  const { scope, facet, name } = of;
  await recallShares(tx, scope.orgId);
  const listed = listLimits(limits);
  await sql`
    select ledger_set_facet_limits(
      ${scope.orgId}::uuid, ${scope.kind}::text, ${scope.id}::text, ${facet}::text,
      ${name === null ? null : nameOf(facet, name)}::text, ${name}::text,
      ${listed.map(({ measure }) => measure)}::text[],
      ${listed.map(({ period }) => period)}::text[],
      ${listed.map(({ amount }) => amount)}::numeric[])
  `.execute(tx);
}

/** All that the scope has, of whatever facet. */
export async function dropFacetLimits(tx: Tx, scope: Scope): Promise<void> {
  const of = { kind: scope.kind, ids: [scope.id], limit: 10_000 };
  for (const { facet, name } of await listFacetLimits(tx, scope.orgId, of)) {
    await setFacetLimits(tx, { scope, facet, name }, UNLIMITED);
  }
}

/** Models have several spellings. */
const nameOf = (facet: Facet, name: string): string =>
  facet === 'model' ? canonicalModel(name) : name;

export interface FacetFilter {
  readonly kind?: Scope['kind'] | undefined;
  readonly ids?: readonly string[] | undefined;
  readonly facet?: Facet | undefined;
  readonly names?: readonly string[] | undefined;
  /** Rows of the page before. */
  readonly offset?: number;
  readonly limit: number;
}

interface Row {
  readonly kind: Scope['kind'];
  readonly scopeId: string;
  readonly facet: Facet;
  readonly label: string | null;
  readonly partId: string | null;
  readonly measures: readonly Limit['measure'][];
  readonly periods: readonly Limit['period'][];
  readonly amounts: readonly string[];
}

/** The limits of parts, by scope, facet and name; that of each first. */
export async function listFacetLimits(
  db: Executor,
  orgId: OrganizationId,
  filter: FacetFilter,
): Promise<FacetLimit[]> {
  const conditions = [sql`org_id = ${orgId}`];
  if (filter.kind !== undefined) conditions.push(sql`scope_kind = ${filter.kind}`);
  if (filter.ids !== undefined) conditions.push(sql`scope_id = any(${filter.ids}::text[])`);
  if (filter.facet !== undefined) conditions.push(sql`facet = ${filter.facet}`);
  if (filter.names !== undefined) conditions.push(sql`label = any(${filter.names}::text[])`);
  const { rows } = await sql<Row>`
    select scope_kind as kind, scope_id as "scopeId", facet, label, measures, periods,
           amounts::text[] as amounts,
           -- As ledger_facets_of names it.
           scope_kind || '.' || id || ':' || replace(replace(name, '%', '%25'), ' ', '%20') as "partId"
    from facet_limit
    where ${sql.join(conditions, ' and ')}
    order by scope_kind, scope_id, facet, name nulls first
    limit ${filter.limit} offset ${filter.offset ?? 0}
  `.execute(db);
  return rows.map(({ kind, scopeId, facet, label, partId, measures, periods, amounts }) => ({
    scope: { orgId, kind, id: scopeId },
    facet,
    name: label,
    partId,
    limits: nameLimits(
      measures.flatMap((measure, index): Limit[] => {
        const [period, amount] = [periods[index], amounts[index]];
        return period === undefined || amount === undefined
          ? []
          : [{ measure, period, amount: BigInt(amount) }];
      }),
    ),
  }));
}
