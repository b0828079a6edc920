import { type Caller, found, implement, type Route } from '@sagewai/http';
import { boundProject, findProject } from '@sagewai/identity';
import type { Db, Tx } from '@sagewai/postgres';
import { listBudgets, setBudget } from '@sagewai/wire';

import type { Scope } from './budget.ts';
import { listBudgets as readBudgetPage, readBudgets, setBudgets } from './budgets.sql.ts';
import { FACETS } from './facets/facet.ts';
import { limitsOf } from './limits-of-body.ts';
import { routingRoutes } from './routing-routes.ts';
import { simulationRoute } from './simulation/simulation-route.ts';
import { badCursor, spendRoutes } from './spend-routes.ts';
import { budgetToWire } from './to-wire.ts';
import { verificationRoute } from './verification/verification-route.ts';

const PAGE_ROWS = 100;
const SCOPE_KINDS = [
  ...(['organization', 'project', 'team', 'person', 'key', 'context'] as const),
  ...FACETS,
];

export function ledgerRoutes(of: { readonly db: Db }): Route[] {
  return [
    ...spendRoutes(of),
    ...routingRoutes(),
    simulationRoute(),
    verificationRoute(of),

    implement(listBudgets, async ({ tx, orgId, query, caller }) => {
      const limit = query.limit ?? PAGE_ROWS;
      const bound = boundProject(caller);
      const after = query.cursor === undefined ? undefined : readScope(query.cursor);
      const budgets = await readBudgetPage(tx, orgId, {
        kind: bound === null ? query.scope_kind : 'project',
        isWhole: query.scope_kind === undefined,
        ids: bound === null ? listOf(query.scope_id) : [bound],
        after,
        limit: limit + 1,
      });
      const shown = budgets.slice(0, limit);
      const last = shown.at(-1);
      return {
        budgets: shown.map(budgetToWire),
        next_cursor: budgets.length > limit && last ? `${last.scope.kind} ${last.scope.id}` : null,
      };
    }),

    implement(setBudget, async ({ tx, orgId, params, body, caller, audit }) => {
      const scope = await findScope(
        tx,
        { orgId, kind: params.scope_kind, id: params.scope_id },
        caller,
      );
      const limits = limitsOf(body);
      await setBudgets(tx, scope, limits);
      audit.about(`budget:${scope.kind}:${scope.id}`, {
        usd_per_hour: body.usd_per_hour ?? null,
        usd_per_day: body.usd_per_day ?? null,
        usd_per_week: body.usd_per_week ?? null,
        usd_per_month: body.usd_per_month ?? null,
        usd_per_30_days: body.usd_per_30_days ?? null,
        usd_in_total: body.usd_in_total ?? null,
        tokens_per_minute: body.tokens_per_minute ?? null,
        requests_per_minute: body.requests_per_minute ?? null,
      });
      return budgetToWire(await readBudgets(tx, scope));
    }),
  ];
}

/** Its id, or the name of a project; the organization is the caller's own. */
async function findScope(
  tx: Tx,
  { orgId, kind, id }: Scope & { readonly kind: 'organization' | 'project' },
  caller: Caller,
): Promise<Scope> {
  const detail = `There is no ${kind} ${id} that you can see.`;
  const bound = boundProject(caller);
  if (kind === 'organization') {
    return found(id === orgId && bound === null ? { orgId, kind, id } : null, detail);
  }
  const project = await findProject(tx, orgId, id);
  const reachable = bound === null || project?.id === bound ? project : null;
  return { orgId, kind, id: found(reachable, detail, 'project.missing').id };
}

function readScope(cursor: string): Pick<Scope, 'kind' | 'id'> {
  const [kind = ''] = cursor.split(' ');
  const known = SCOPE_KINDS.find((each) => each === kind);
  if (known === undefined) throw badCursor();
  return { kind: known, id: cursor.slice(kind.length + 1) };
}

const listOf = (id: string | undefined): string[] | undefined => (id === undefined ? id : [id]);
