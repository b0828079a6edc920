import type { PicoUsd } from '@sagewai/wire';

import type { Asked, MediaBounds } from '../formats/format.ts';
import type { ModelGroup } from '../models/model-table.ts';
import { boundInput, CONTEXT_TOKENS_UNKNOWN } from '../money/meter.ts';
import { dearestSearch, dearestUnit } from '../money/price.ts';

/** How much a call can take (M1), before anybody has been asked whether it may. */
export interface CallBounds {
  readonly inputMax: number;
  /** Fees for what the provider does beside; 0 for almost every call. */
  readonly feesMax: PicoUsd;
  /** Over all choices. */
  readonly outputMax: number;
  /** Whether less may be granted, and sent upstream as a cap. */
  readonly mayCap: boolean;
  /** The limit that the caller set for each choice. */
  readonly stated: number | undefined;
  /** Nobody knows the model's own maximum, so the bound holds only if this is sent as a cap. */
  readonly capEach: number | undefined;
}

// For a model of which nothing is known. Sent upstream as a cap, so that it is true.
export const OUTPUT_TOKENS_UNKNOWN = 16_384;

export function boundCall(
  asked: Asked,
  bodyBytes: number,
  group: ModelGroup,
  callerMayCap: boolean,
): CallBounds {
  if (asked.media !== undefined) return boundMedia(asked.media, group);
  const { choices, outputStated: stated, parts } = asked;
  const predicted = asked.hasPrediction ? bodyBytes : 0;
  const known = group.outputTokensMax ?? group.contextTokensMax;
  const each = stated ?? known ?? OUTPUT_TOKENS_UNKNOWN;
  const context = parts.isLong ? undefined : group.contextTokensMax;
  const { searches, rounds } = asked.serverTools ?? NO_TOOLS;
  return {
    // Each round may read all that a context holds.
    inputMax: boundInput(bodyBytes, parts, context) + rounds * (context ?? CONTEXT_TOKENS_UNKNOWN),
    feesMax: searches === 0 ? 0n : (searchPrice(group) ?? 0n) * BigInt(searches),
    outputMax: each * choices + predicted,
    // What several choices or a prediction leave of a cap is not worth paying for.
    mayCap: callerMayCap && stated === undefined && choices === 1 && predicted === 0,
    stated,
    capEach: stated === undefined && known === undefined ? each : undefined,
  };
}

/** Nothing of it can be capped: it is made whole, or not at all. */
function boundMedia(
  { inputTokens, outputTokens, units }: MediaBounds,
  { deployments, contextTokensMax, outputTokensMax }: ModelGroup,
): CallBounds {
  return {
    inputMax: Math.min(inputTokens, contextTokensMax ?? Infinity),
    feesMax: dearestUnit(deployments.map(({ price }) => price)) * BigInt(units),
    outputMax: Math.min(outputTokens, outputTokensMax ?? contextTokensMax ?? Infinity),
    mayCap: false,
    stated: outputTokens,
    capEach: undefined,
  };
}

const NO_TOOLS = { searches: 0, rounds: 0 };

/** What a search costs at most at any deployment of a model; undefined where nobody knows (M4). */
export function searchPrice({ deployments }: ModelGroup): PicoUsd | undefined {
  return dearestSearch(deployments.map(({ price }) => price));
}

const PLAIN_TIERS: readonly unknown[] = [undefined, null, 'auto', 'default', 'standard_only'];

/** Tiers that cost what the list says; every other has prices of its own. */
export function isPlainTier(tier: unknown): boolean {
  return PLAIN_TIERS.includes(tier);
}
