import type { Asked } from './formats/format.ts';
import type { ModelGroup } from './models/model-table.ts';
import { boundInput } from './money/meter.ts';

/** How much a call can take (M1), before anybody has been asked whether it may. */
export interface CallBounds {
  readonly inputMax: number;
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
  const { choices, outputStated: stated, parts } = asked;
  const predicted = asked.hasPrediction ? bodyBytes : 0;
  const known = group.outputTokensMax ?? group.contextTokensMax;
  const each = stated ?? known ?? OUTPUT_TOKENS_UNKNOWN;
  const context = parts.isLong ? undefined : group.contextTokensMax;
  return {
    inputMax: boundInput(bodyBytes, parts, context),
    outputMax: each * choices + predicted,
    // What several choices or a prediction leave of a cap is not worth paying for.
    mayCap: callerMayCap && stated === undefined && choices === 1 && predicted === 0,
    stated,
    capEach: stated === undefined && known === undefined ? each : undefined,
  };
}

const PLAIN_TIERS: readonly unknown[] = [undefined, null, 'auto', 'default', 'standard_only'];

/** Tiers that cost what the list says; every other has prices of its own. */
export function isPlainTier(tier: unknown): boolean {
  return PLAIN_TIERS.includes(tier);
}
