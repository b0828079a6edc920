import type { OutgoingHttpHeaders } from 'node:http';

import { formatUsd, type PicoUsd } from '@sagewai/wire';

import { headerText } from '../answers/header-text.ts';
import type { AdmittedCall } from '../calls/admitted-call.ts';
import type { TierTold } from './choose-model.ts';

/** Which model a request got that asked for `auto`, and why. */
export function addTier(
  headers: OutgoingHttpHeaders,
  call: AdmittedCall,
  { tier, confidence, reason, policy }: TierTold,
  cost: PicoUsd | null,
): void {
  headers['x-harness-model-used'] = headerText(call.group.model);
  headers['x-harness-model-requested'] = headerText(call.asked.model);
  headers['x-harness-complexity-tier'] = tier;
  headers['x-harness-confidence'] = confidence.toFixed(2);
  // A header has no arrows.
  headers['x-harness-routing-reason'] = headerText(reason.replace('→', '->'));
  headers['x-harness-policy'] = policy ?? 'model-tiers';
  headers['x-harness-budget-action'] = 'allow';
  if (cost !== null) headers['x-harness-cost-usd'] = formatUsd(cost);
}
