import { type Budget, LIMIT_KINDS } from '@sagewai/ledger';
import { formatUsd, type OutputOf, type PicoUsd, type readKeyInfo } from '@sagewai/wire';

import type { ShownModelLimits } from './model-limits.ts';
import { DURATIONS, mainLimit, MONEY_LIMITS, type MoneyLimit } from './read-limits.ts';

type ShownKey = NonNullable<OutputOf<typeof readKeyInfo>['info']>;
export type ShownBalance = Pick<
  ShownKey,
  | 'spend'
  | 'max_budget'
  | 'budget_duration'
  | 'budget_reset_at'
  | 'budget_limits'
  | 'budget_id'
  | 'tpm_limit'
  | 'rpm_limit'
  | 'max_parallel_requests'
  | keyof ShownModelLimits
>;

/** The nearest number: LiteLLM's clients expect one. Exact amounts are on our own surface. */
export const toDollars = (amount: PicoUsd): number => Number(formatUsd(amount));

const countOrNull = (amount: bigint | null): number | null =>
  amount === null ? null : Number(amount);

/**
 * A budget in LiteLLM's words. What was spent is that of the window of `max_budget`, and without one
 * all there ever was.
 */
export function showBalance(
  budget: Budget,
  spentPusd: PicoUsd,
  {
    parallelMax,
    models,
    budgetId,
  }: {
    readonly parallelMax: number | null;
    readonly models: ShownModelLimits;
    /** Of the named budget that its limits are of. */
    readonly budgetId: string | undefined;
  },
): ShownBalance {
  const { limits } = budget;
  const main = mainLimit(limits);
  const windows = MONEY_LIMITS.filter((name) => limits[name] !== null);
  const shown = main === undefined ? null : showWindow(budget, main);
  return {
    spend: shown?.spend ?? toDollars(spentPusd),
    max_budget: shown?.max_budget ?? null,
    budget_duration: shown?.budget_duration ?? null,
    budget_reset_at: shown?.budget_reset_at ?? null,
    budget_id: budgetId ?? null,
    budget_limits: windows.length > 1 ? windows.map((name) => showWindow(budget, name)) : [],
    tpm_limit: countOrNull(limits.tokensPerMinute),
    rpm_limit: countOrNull(limits.requestsPerMinute),
    max_parallel_requests: parallelMax,
    ...models,
  };
}

/** The limit of one window, and what was spent in it. */
export function showWindow(
  { balances, limits }: Pick<Budget, 'balances' | 'limits'>,
  name: MoneyLimit,
): ShownBalance['budget_limits'][number] {
  const { measure, period } = LIMIT_KINDS[name];
  const balance = balances.find((one) => one.measure === measure && one.period === period);
  return {
    budget_duration: DURATIONS[name][0] ?? null,
    max_budget: toDollars(limits[name] ?? 0n),
    spend: toDollars(balance?.settled ?? 0n),
    budget_reset_at: balance?.resetsAt?.toISOString() ?? null,
  };
}
