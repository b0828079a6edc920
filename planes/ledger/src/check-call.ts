import { Fault } from '@sagewai/fault';
import type { PicoUsd } from '@sagewai/wire';

import type { CallRequest, Settlement } from './call.ts';

/** A million dollars: whatever exceeds it for one call is a mistake, and the database refuses it too. */
export const COST_PUSD_MAX: PicoUsd = 1_000_000_000_000_000_000n;
/** A hundred times the largest context in use. */
export const TOKENS_RESERVED_MAX = 1_000_000_000;
const TOKENS_SETTLED_MAX = 1_000_000_000_000;

/** What a call costs whatever the length of its answer. Throws unless all its figures are plausible. */
export function fixedCost(request: CallRequest): PicoUsd {
  const { price, inputTokensMax, outputTokens, expiresInMs } = request;
  if (!isCount(inputTokensMax, TOKENS_RESERVED_MAX)) throw implausible('input tokens');
  if (!isCount(outputTokens, TOKENS_RESERVED_MAX)) throw implausible('output tokens');
  if (!(expiresInMs >= 1 && expiresInMs <= 86_400_000)) {
    throw new RangeError(`a reservation cannot last ${expiresInMs} ms`);
  }
  if (price === null) return 0n;
  if (price.perCall < 0n || price.input < 0n || price.output < 0n) {
    throw new RangeError('a price cannot be negative');
  }
  const fixed = price.perCall + price.input * BigInt(inputTokensMax);
  if (fixed + price.output * BigInt(outputTokens) > COST_PUSD_MAX) throw implausible('cost');
  return fixed;
}

/**
 * The settlement, with figures that can be booked. What a provider reports is not ours to refuse: a
 * figure beyond all reason is booked as the largest that is not, so that the call is not lost.
 */
export function bookable(settlement: Settlement): Settlement & { readonly isCut: boolean } {
  const inputTokens = cut(settlement.inputTokens);
  const outputTokens = cut(settlement.outputTokens);
  const cachedInputTokens = Math.min(inputTokens, cut(settlement.cachedInputTokens ?? 0));
  const cacheWriteTokens = Math.min(
    inputTokens - cachedInputTokens,
    cut(settlement.cacheWriteTokens ?? 0),
  );
  const costPusd = settlement.costPusd === null ? null : cutCost(settlement.costPusd);
  const isCut =
    inputTokens !== settlement.inputTokens ||
    outputTokens !== settlement.outputTokens ||
    costPusd !== settlement.costPusd;
  return {
    ...settlement,
    inputTokens,
    outputTokens,
    cachedInputTokens,
    cacheWriteTokens,
    costPusd,
    isCut,
  };
}

const isCount = (value: number, max: number): boolean =>
  Number.isSafeInteger(value) && value >= 0 && value <= max;

function cut(tokens: number): number {
  if (isCount(tokens, TOKENS_SETTLED_MAX)) return tokens;
  return tokens > 0 ? Math.min(Math.ceil(tokens), TOKENS_SETTLED_MAX) : 0;
}

function cutCost(cost: PicoUsd): PicoUsd {
  if (cost < 0n) return 0n;
  return cost > COST_PUSD_MAX ? COST_PUSD_MAX : cost;
}

const implausible = (what: string): Fault =>
  new Fault('request.invalid', `a call with implausible ${what}`, {
    detail: `The request could use more ${what} than any call may.`,
  });
