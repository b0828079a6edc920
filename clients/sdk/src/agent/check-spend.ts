import type { AgentBudget } from './agent-config.ts';
import { addUsage, type ModelTurn, NO_USAGE, type Usage } from './chat.ts';

export interface Spent {
  readonly usage: Usage;
  readonly costUsd: number;
}

export const NOTHING_SPENT: Spent = { usage: NO_USAGE, costUsd: 0 };

export const addSpent = (one: Spent, other: Spent): Spent => ({
  usage: addUsage(one.usage, other.usage),
  costUsd: one.costUsd + other.costUsd,
});

/** Why a run may not call a model again; null: it may. */
export function overBudget(
  { tokensMax = Infinity, usdMax = Infinity }: AgentBudget,
  { usage, costUsd }: Spent,
): string | null {
  const tokens = usage.inputTokens + usage.outputTokens;
  if (tokens >= tokensMax) return `the run has used ${tokens} tokens of ${tokensMax}`;
  return costUsd >= usdMax ? `the run has spent $${costUsd} of $${usdMax}` : null;
}

/** What a call has cost; null: nobody knows. */
export function costOf(
  { costUsd, usage }: Pick<ModelTurn, 'costUsd' | 'usage'>,
  model: string,
  { prices = {} }: AgentBudget,
): number | null {
  if (costUsd !== null) return costUsd;
  const price = Object.hasOwn(prices, model) ? prices[model] : undefined;
  if (price === undefined) return null;
  return (usage.inputTokens * price.input + usage.outputTokens * price.output) / 1_000_000;
}
