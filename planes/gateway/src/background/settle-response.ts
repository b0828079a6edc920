import type { Ledger } from '@sagewai/ledger';
import { type Db, inTenant } from '@sagewai/postgres';
import type { JsonObject } from '@sagewai/translate';
import type { OrganizationId, ReservationId } from '@sagewai/wire';

import { RESPONSES } from '../formats/responses.ts';
import type { Meters } from '../meters.ts';
import type { Deployment } from '../models/deployment.ts';
import { costOf, estimateUsage } from '../money/meter.ts';
import { endOpen, findOpen } from './background.sql.ts';
import { endOf } from './background.ts';

export interface SettleParts {
  readonly db: Db;
  readonly ledger: Pick<Ledger, 'settle'>;
  readonly meters: Pick<Meters, 'count'>;
}

/** Where a response that is made in the background was heard of. */
export interface Heard {
  readonly orgId: OrganizationId;
  readonly id: string;
  readonly deployment: Deployment;
}

/** Books a response whose end is told, unless somebody has; resolves when that is durable (L2). */
export async function settleHeard(
  { db, ledger, meters }: SettleParts,
  { orgId, id, deployment }: Heard,
  said: JsonObject,
): Promise<'settled' | 'goes_on'> {
  const status = endOf(said);
  if (status === undefined) return 'goes_on';
  const open = await inTenant(db, [orgId], (tx) => findOpen(tx, orgId, id));
  if (open === null) return 'settled';
  const { bodyBytes, inputTokensMax: inputMax, outputTokensMax: outputMax } = open.manifest;
  const told = RESPONSES.usageOf(said);
  const usage = told ?? estimateUsage(bodyBytes, RESPONSES.seenIn(said), { inputMax, outputMax });
  const source = told === undefined ? 'estimate' : 'provider';
  const { price, endpoint } = deployment;
  const costPusd = price === undefined ? null : costOf(price, usage);
  await ledger.settle({
    id: id as ReservationId,
    orgId,
    costPusd,
    inputTokens: usage.input,
    cachedInputTokens: usage.cachedInput,
    cacheWriteTokens: usage.cacheWrite,
    outputTokens: usage.output,
    usageSource: source,
    status,
    deployment: deployment.id,
    provider: endpoint.provider,
    routing: open.manifest.routing,
  });
  if (await inTenant(db, [orgId], (tx) => endOpen(tx, orgId, id))) {
    const tokens = { input: usage.input, output: usage.output, cost: costPusd ?? 0n };
    meters.count({ provider: endpoint.provider, status, source }, tokens);
  }
  return 'settled';
}
