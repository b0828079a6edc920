import {
  formatUsd,
  type listSpend,
  type OutputOf,
  type reportSpend,
  type setBudget,
} from '@sagewai/wire';

import type { Balance, Budget, Limits } from './budget.ts';
import { type Part, partOf } from './facets/facet.ts';
import type { ReportGroup, ReportSums } from './spend-report.ts';
import type { Spend } from './spend.ts';

type WireBudget = OutputOf<typeof setBudget>;
type MoneyName = Extract<keyof WireBudget, `usd_${string}`>;
type WireSpend = OutputOf<typeof listSpend>['spend'][number];

export function budgetToWire({ scope, limits, balances }: Budget): WireBudget {
  return {
    scope_kind: scope.kind,
    scope_id: scope.id,
    part: partToWire(partOf(scope.kind, scope.id)),
    ...moneyToWire(limits),
    ...ratesToWire(limits),
    balances: balances.map(balanceToWire),
  };
}

const partToWire = (part: Part | null): WireBudget['part'] =>
  part && { scope_kind: part.scopeKind, facet: part.facet, name: part.name };

/** Money as text, so that it stays exact. */
export const moneyToWire = (limits: Limits): Pick<WireBudget, MoneyName> => ({
  usd_per_hour: usdOrNull(limits.usdPerHour),
  usd_per_day: usdOrNull(limits.usdPerDay),
  usd_per_week: usdOrNull(limits.usdPerWeek),
  usd_per_month: usdOrNull(limits.usdPerMonth),
  usd_per_30_days: usdOrNull(limits.usdPer30Days),
  usd_in_total: usdOrNull(limits.usdInTotal),
});

export const ratesToWire = ({
  tokensPerMinute,
  requestsPerMinute,
}: Limits): Pick<WireBudget, 'tokens_per_minute' | 'requests_per_minute'> => ({
  tokens_per_minute: countOrNull(tokensPerMinute),
  requests_per_minute: countOrNull(requestsPerMinute),
});

const countOrNull = (amount: bigint | null): number | null =>
  amount === null ? null : Number(amount);

const usdOrNull = (amount: bigint | null): string | null =>
  amount === null ? null : formatUsd(amount);

function balanceToWire(balance: Balance): WireBudget['balances'][number] {
  const { measure, period, amount, settled, reserved, resetsAt } = balance;
  const format = measure === 'cost' ? formatUsd : String;
  const left = amount - settled - reserved;
  return {
    measure,
    period,
    limit: format(amount),
    settled: format(settled),
    reserved: format(reserved),
    remaining: format(left > 0n ? left : 0n),
    resets_at: resetsAt?.toISOString() ?? null,
  };
}

export function spendToWire(row: Spend): WireSpend {
  return {
    id: row.id,
    kind: row.entry === 0 ? 'settlement' : 'correction',
    project_id: row.projectId,
    key_id: row.keyId,
    run_id: row.runId,
    worker_id: row.workerId,
    team_id: row.teamId,
    person_id: row.personId,
    model: row.model,
    deployment: row.deployment,
    provider: row.provider,
    cost_usd: row.priceKnown ? formatUsd(row.costPusd) : null, // M4
    saved_usd: usdOrNull(row.savedPusd),
    reserved_usd: formatUsd(row.reservedPusd),
    overrun_usd: formatUsd(row.overrunPusd),
    input_tokens: Number(row.inputTokens),
    cached_input_tokens: Number(row.cachedInputTokens),
    cache_write_tokens: Number(row.cacheWriteTokens),
    output_tokens: Number(row.outputTokens),
    usage_source: row.usageSource,
    status: row.status,
    started_at: row.startedAt.toISOString(),
    settled_at: row.at.toISOString(),
    session_id: row.sessionId,
    agent: row.agent,
    tags: [...(row.tags ?? [])],
  };
}

export function sumsToWire(sums: ReportSums): OutputOf<typeof reportSpend>['totals'] {
  return {
    calls: Number(sums.calls),
    failed_calls: Number(sums.failedCalls),
    unpriced_calls: Number(sums.unpricedCalls),
    cost_usd: formatUsd(sums.costPusd),
    input_tokens: Number(sums.inputTokens),
    cached_input_tokens: Number(sums.cachedInputTokens),
    cache_write_tokens: Number(sums.cacheWriteTokens),
    output_tokens: Number(sums.outputTokens),
  };
}

export function groupToWire(group: ReportGroup): OutputOf<typeof reportSpend>['groups'][number] {
  const { day, projectId, keyId, team, person, model, provider, agent, session, tag } = group;
  const names = { day, project_id: projectId, key_id: keyId, team, person, model, provider };
  return { ...names, agent, session, tag, ...sumsToWire(group) };
}
