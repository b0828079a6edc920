import { listSpend, sumSpend } from '@sagewai/ledger';
import type { Tx } from '@sagewai/postgres';
import { formatUsd, type OrganizationId, type RunId } from '@sagewai/wire';

/** What a run has spent, in the words of the wire. */
export interface RunSpent {
  /** Decimal USD. */
  readonly cost_usd: string;
  readonly input_tokens: number;
  readonly output_tokens: number;
  /** Model calls that were settled. */
  readonly calls: number;
  readonly models_used: string[];
}

const CALLS_LOOKED_AT_MAX = 200;

/** The ledger's rows of this run, added up. */
export async function readRunSpent(
  tx: Tx,
  of: { readonly orgId: OrganizationId; readonly runId: RunId },
): Promise<RunSpent> {
  const totals = await sumSpend(tx, of);
  const rows = totals.calls === 0 ? [] : await listSpend(tx, of, { limit: CALLS_LOOKED_AT_MAX });
  return {
    cost_usd: formatUsd(BigInt(totals.costPusd)),
    input_tokens: Number(totals.inputTokens),
    output_tokens: Number(totals.outputTokens),
    calls: totals.calls,
    models_used: [...new Set(rows.map(({ model }) => model))].toSorted(),
  };
}
