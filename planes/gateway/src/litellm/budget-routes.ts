import { newId } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { found, implement, type Route } from '@sagewai/http';
import { type Limits, UNLIMITED } from '@sagewai/ledger';
import type { Tx } from '@sagewai/postgres';
import { nameActor } from '@sagewai/trust';
import {
  createNamedBudget,
  deleteNamedBudget,
  listNamedBudgets,
  readNamedBudgets,
  updateNamedBudget,
} from '@sagewai/wire';

import { lockParts as lockDescribed } from './described-parts.sql.ts';
import { writeHolderLimits } from './holder-limits.ts';
import type { Holder } from './named-budget.ts';
import * as budgets from './named-budgets.sql.ts';
import { readLimits } from './read-limits.ts';
import { refuseFields, type Unsupported } from './refuse-fields.ts';
import { showNamedBudget } from './show-budgets.ts';

const PAGE_BUDGETS = 100;
/** As many as one transaction changes: all of them, or none. */
const HOLDERS_MAX = 2_000;

const UNSUPPORTED: Unsupported = {
  allowed_models: 'give keys, teams and users models',
  budget_reset_at: 'windows are those of the clock',
  max_parallel_requests: 'keys, teams and users have one of their own',
  model_max_budget: 'keys, teams and users have one of their own',
  soft_budget: 'keys have one of their own',
};

/** `/budget/*`: limits under a name. */
export function budgetRoutes({ forget }: { readonly forget: () => void }): Route[] {
  return [
    implement(createNamedBudget, async ({ tx, orgId, caller, body, audit }) => {
      refuseFields(body, createNamedBudget.body ?? {}, UNSUPPORTED);
      const id = body.budget_id ?? newId();
      const limits = readLimits(UNLIMITED, body);
      const of = { orgId, id, limits, by: nameActor(caller) };
      const budget = await budgets.insertNamedBudget(tx, of);
      if (budget === null) throw taken(id);
      audit.about(`budget:${id}`, inWords(limits));
      return showNamedBudget(budget);
    }),

    implement(updateNamedBudget, async ({ tx, orgId, caller, body, audit }) => {
      refuseFields(body, updateNamedBudget.body ?? {}, UNSUPPORTED);
      const of = { orgId, id: body.budget_id };
      const before = found(await budgets.lockNamedBudget(tx, of), missing(of.id));
      const limits = readLimits(before.limits, body);
      await lockParts(tx, await holdersOf(tx, of));
      const holders = await budgets.lockHolders(tx, of); // Without those that have given it back meanwhile.
      for (const holder of holders) await writeHolderLimits(tx, holder, limits);
      const by = nameActor(caller);
      const after = found(await budgets.replaceLimits(tx, of, { limits, by }), missing(of.id));
      tx.onCommit(forget);
      audit.about(`budget:${of.id}`, { ...inWords(limits), holders: holders.length });
      return showNamedBudget(after);
    }),

    implement(deleteNamedBudget, async ({ tx, orgId, body, audit }) => {
      const of = { orgId, id: body.id };
      const budget = found(await budgets.lockNamedBudget(tx, of), missing(of.id));
      const [holder] = await budgets.listHolders(tx, of, 1);
      if (holder !== undefined) {
        throw new Fault('state.conflict', 'somebody has this budget', {
          detail: `The budget ${of.id} is that of ${holder.kind} ${holder.id}, at least: give that another one, or say budget_id null.`,
        });
      }
      await budgets.deleteNamedBudgetOf(tx, of);
      audit.about(`budget:${of.id}`, inWords(budget.limits));
      return showNamedBudget(budget);
    }),

    implement(readNamedBudgets, async ({ tx, orgId, body }) => {
      const ids = body.budgets;
      return (await budgets.findNamedBudgets(tx, orgId, { ids, limit: ids.length })).map(
        showNamedBudget,
      );
    }),

    implement(listNamedBudgets, async ({ tx, orgId, query }) => {
      const page = { offset: ((query.page ?? 1) - 1) * PAGE_BUDGETS, limit: PAGE_BUDGETS };
      return (await budgets.findNamedBudgets(tx, orgId, page)).map(showNamedBudget);
    }),
  ];
}

async function holdersOf(tx: Tx, of: budgets.BudgetChoice): Promise<Holder[]> {
  const holders = await budgets.listHolders(tx, of, HOLDERS_MAX + 1);
  if (holders.length <= HOLDERS_MAX) return holders;
  throw new Fault('state.conflict', 'too many have this budget', {
    detail: `More than ${HOLDERS_MAX} have the budget ${of.id}: make another one, and give it to them.`,
  });
}

async function lockParts(tx: Tx, holders: readonly Holder[]): Promise<void> {
  for (const facet of ['end_user', 'tag'] as const) {
    const [first, ...rest] = holders.filter(({ kind }) => kind === facet);
    if (first === undefined) continue;
    await lockDescribed(tx, { orgId: first.orgId, facet }, [first.id, ...rest.map(({ id }) => id)]);
  }
}

const inWords = (limits: Limits): Record<string, string> =>
  Object.fromEntries(
    Object.entries(limits).flatMap(([name, limit]) => (limit === null ? [] : [[name, `${limit}`]])),
  );

const missing = (id: string): string => `There is no budget ${id}.`;
const taken = (id: string): Fault =>
  new Fault('resource.exists', 'the name of a budget is taken', {
    detail: `There is a budget ${id} already.`,
  });
