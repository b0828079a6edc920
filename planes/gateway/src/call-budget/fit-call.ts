import { Fault } from '@sagewai/fault';
import { formatUsd, type PicoUsd } from '@sagewai/wire';

import type { DecidedCall } from '../calls/decide-call.ts';
import type { CallBounds } from '../calls/plan-call.ts';
import type { Deployment } from '../models/deployment.ts';
import { groupOf } from '../models/model-table.ts';
import { ceilingOf } from '../money/price.ts';
import type { CallBudget } from './call-budget.ts';

// The shortest answer that a cap may leave, as the ledger has it: some providers refuse a smaller one.
const OUTPUT_TOKENS_FLOOR = 16;

/**
 * The call within what it brings along: at most so many tokens, and only deployments at which it cannot
 * cost more. What remains is bounded and reserved like any call, so that the reservation is within its
 * budget too. A call that fits nowhere is refused before anything is reserved.
 */
export function fitCall(call: DecidedCall, budget: CallBudget): DecidedCall {
  const { outputTokensMax: tokens, costMaxPusd: cost } = budget;
  const bounded = tokens === undefined ? call : boundTokens(call, tokens);
  return cost === undefined ? { ...bounded, budget } : { ...boundCost(bounded, cost), budget };
}

function boundTokens(call: DecidedCall, tokens: number): DecidedCall {
  const { bounds, asked } = call;
  if (bounds.outputMax <= tokens) return call;
  const each = Math.floor(tokens / Math.max(1, asked.choices));
  if (bounds.stated !== undefined || asked.hasPrediction || each === 0) {
    throw beyond(`up to ${bounds.outputMax} tokens, and x-sagewai-max-tokens allows ${tokens}`);
  }
  return { ...call, bounds: capped(bounds, tokens, each) };
}

function boundCost(call: DecidedCall, cost: PicoUsd): DecidedCall {
  const { group, bounds } = call;
  const needed = bounds.mayCap ? Math.min(OUTPUT_TOKENS_FLOOR, bounds.outputMax) : bounds.outputMax;
  const costs = group.deployments.map((each) => worstCost(call, each, needed));
  const kept = group.deployments.filter((_, index) => {
    const most = costs[index];
    return most !== undefined && most <= cost;
  });
  if (kept.length === 0) {
    const known = costs.filter((each) => each !== undefined);
    const least = known.reduce((a, b) => (a < b ? a : b), known[0] ?? 0n);
    const most = known.length === 0 ? 'an amount that nobody knows' : `up to $${formatUsd(least)}`;
    throw beyond(`${most}, and x-sagewai-max-cost allows $${formatUsd(cost)}`);
  }
  const fitting = kept.length === group.deployments.length ? group : groupOf(group.model, kept);
  const tokens = kept.reduce(
    (least, each) => Math.min(least, tokensFor(call, each, cost)),
    bounds.outputMax,
  );
  const dear = group.deployments.filter((each) => !kept.includes(each)).map(({ id }) => id);
  const fits = { ...call, group: fitting, passedOver: [...call.passedOver, ...dear] };
  return tokens < bounds.outputMax ? { ...fits, bounds: capped(bounds, tokens, tokens) } : fits;
}

/** Sent as a cap, so that it is true (M1). */
const capped = (bounds: CallBounds, outputMax: number, capEach: number): CallBounds => ({
  ...bounds,
  outputMax,
  capEach,
});

/** What a call with so much output costs at most at a deployment; undefined: nobody knows (M4). */
function worstCost(
  { bounds, asked }: DecidedCall,
  { price }: Deployment,
  outputTokens: number,
): PicoUsd | undefined {
  if (price === undefined) return undefined;
  const { perCall, input, output } = ceilingOf([price], asked.keepsHour);
  const fixed = perCall + bounds.feesMax + input * BigInt(bounds.inputMax);
  return fixed + output * BigInt(outputTokens);
}

function tokensFor(call: DecidedCall, deployment: Deployment, cost: PicoUsd): number {
  const { price } = deployment;
  const output = price === undefined ? 0n : ceilingOf([price], call.asked.keepsHour).output;
  const fixed = worstCost(call, deployment, 0) ?? 0n;
  return output === 0n ? Infinity : Number((cost - fixed) / output);
}

function beyond(what: string): Fault {
  return new Fault('call.over_budget', 'a call does not fit its own budget', {
    detail: `This call may take ${what}. Nothing was sent.`,
  });
}
