import type { Balance, Limits } from '@sagewai/ledger';
import type { OutputOf, readCustomer, readNamedBudgets } from '@sagewai/wire';

import type { NamedBudget } from './named-budget.ts';
import { DURATIONS, mainLimit, MONEY_LIMITS } from './read-limits.ts';
import { showWindow, toDollars } from './show-balance.ts';

export type ShownBudget = OutputOf<typeof readNamedBudgets>[number];
export type ShownHeld = NonNullable<OutputOf<typeof readCustomer>['litellm_budget_table']>;

export function showNamedBudget(budget: NamedBudget): ShownBudget {
  return {
    budget_id: budget.id,
    ...showLimits(budget.limits),
    created_by: budget.createdBy,
    created_at: budget.createdAt.toISOString(),
    updated_by: budget.updatedBy,
    updated_at: budget.updatedAt?.toISOString() ?? null,
  };
}

/** The limits of one part and what it has spent under them; no balances: no call was under them yet. */
export function showHeld(of: {
  readonly limits: Limits;
  readonly balances: readonly Balance[];
  readonly budgetId: string | undefined;
}): { readonly spend: number | null; readonly table: ShownHeld | null } {
  const { limits, balances, budgetId } = of;
  const isLimited = Object.values(limits).some((limit) => limit !== null);
  if (!isLimited && budgetId === undefined) return { spend: null, table: null };
  const main = mainLimit(limits);
  const window = main === undefined ? null : showWindow({ limits, balances }, main);
  return {
    spend: window?.spend ?? null,
    table: {
      budget_id: budgetId ?? null,
      ...showLimits(limits),
      budget_reset_at: window?.budget_reset_at ?? null,
    },
  };
}

const UNSUPPORTED = { soft_budget: null, max_parallel_requests: null, model_max_budget: null };

function showLimits(limits: Limits): Omit<ShownHeld, 'budget_id' | 'budget_reset_at'> {
  const main = mainLimit(limits);
  const windows = MONEY_LIMITS.filter((name) => limits[name] !== null);
  const show = (name: (typeof windows)[number]) => ({
    budget_duration: DURATIONS[name][0] ?? null,
    max_budget: toDollars(limits[name] ?? 0n),
  });
  const { tokensPerMinute: tokens, requestsPerMinute: requests } = limits;
  return {
    max_budget: main === undefined ? null : show(main).max_budget,
    budget_duration: main === undefined ? null : show(main).budget_duration,
    budget_limits: windows.length > 1 ? windows.map(show) : [],
    tpm_limit: tokens === null ? null : Number(tokens),
    rpm_limit: requests === null ? null : Number(requests),
    ...UNSUPPORTED,
  };
}
