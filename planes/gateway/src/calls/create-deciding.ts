import type { GatewayConfig } from '../gateway-config.ts';
import type { Catalogue } from '../models/catalogue.ts';
import { createAffinity } from '../sealed-reasoning/affinity.ts';
import { type JudgeSpend, withSoftBudgets } from '../soft-budgets/with-soft-budgets.ts';
import { createChooseModel } from '../tiers/choose-model.ts';
import type { TierBook } from '../tiers/tier-book.ts';
import { createDecide, type DecideCall, type NoteUnpriced } from './decide-call.ts';

/** All that is asked about a call before anything is taken for it. */
export function createDeciding(of: {
  readonly catalogue: Catalogue;
  readonly tiers: TierBook;
  readonly config: Pick<GatewayConfig, 'unknownPrice' | 'reasoningAffinityMax'>;
  readonly meters: { readonly noteUnpriced: NoteUnpriced };
  readonly judgeSpend?: JudgeSpend | undefined;
}): DecideCall {
  const { catalogue, tiers, config, meters } = of;
  const decide = createDecide({
    catalogue,
    unknownPrice: config.unknownPrice,
    noteUnpriced: meters.noteUnpriced,
    chooseModel: createChooseModel({ tiers, catalogue }),
    affinity: createAffinity(config.reasoningAffinityMax),
  });
  return withSoftBudgets(decide, of.judgeSpend);
}
