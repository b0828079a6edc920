import type { ReportGroup, Spend } from '@sagewai/ledger';
import type { listSpendLogs, OrganizationId, OutputOf } from '@sagewai/wire';

import { toDollars } from './show-balance.ts';

type Logs = OutputOf<typeof listSpendLogs>;
export type ShownLog = Extract<Logs[number], { readonly request_id: string }>;
type ShownDay = Extract<Logs[number], { readonly startTime: string; readonly users: unknown }>;

/** A row of spend as a row of LiteLLM's log. */
export function showLog(row: Spend, orgId: OrganizationId, token: string): ShownLog {
  const { startedAt, at, inputTokens, outputTokens } = row;
  return {
    request_id: row.id,
    call_type: 'acompletion',
    api_key: token,
    spend: toDollars(row.costPusd),
    total_tokens: Number(inputTokens + outputTokens),
    prompt_tokens: Number(inputTokens),
    completion_tokens: Number(outputTokens),
    startTime: startedAt.toISOString(),
    endTime: at.toISOString(),
    request_duration_ms: Math.max(0, at.getTime() - startedAt.getTime()),
    completionStartTime: null,
    model: row.model,
    model_id: row.deployment,
    model_group: row.model,
    custom_llm_provider: row.provider,
    api_base: '',
    user: row.personId ?? '',
    metadata: {
      // What LiteLLM has no place for.
      entry: row.entry === 0 ? 'settlement' : 'correction',
      price_known: row.priceKnown,
      usage_source: row.usageSource,
      saved_usd: row.savedPusd === null ? null : toDollars(row.savedPusd),
      status: row.status,
      project_id: row.projectId,
      run_id: row.runId,
      cache_read_input_tokens: Number(row.cachedInputTokens),
      cache_creation_input_tokens: Number(row.cacheWriteTokens),
    },
    cache_hit: row.usageSource === 'cache' ? 'True' : 'False',
    cache_key: '',
    request_tags: [...(row.tags ?? [])],
    team_id: row.teamId,
    organization_id: orgId,
    end_user: '',
    requester_ip_address: null,
    messages: {},
    response: {},
    session_id: row.sessionId,
    agent_id: row.agent,
    status: row.status === 'error' ? 'failure' : 'success',
  };
}

/** Days in their order; one without a call has zeros. Added up exactly, and told as dollars then. */
export function showDays(
  groups: readonly ReportGroup[],
  tokenOf: (id: string | null) => string,
  days: readonly string[],
): ShownDay[] {
  const byDay = Map.groupBy(groups, ({ day }) => day);
  return days.map((day) => {
    const ofDay = byDay.get(day) ?? [];
    const by = (nameOf: (group: ReportGroup) => string) => addUp(ofDay, nameOf);
    return {
      ...by(({ keyId }) => tokenOf(keyId)),
      startTime: day,
      spend: toDollars(ofDay.reduce((sum, { costPusd }) => sum + costPusd, 0n)),
      users: by(({ person }) => person ?? ''),
      models: by(({ model }) => model ?? ''),
    };
  });
}

export function addUp(
  groups: readonly ReportGroup[],
  nameOf: (group: ReportGroup) => string,
): Record<string, number> {
  const sums = new Map<string, bigint>();
  for (const group of groups) {
    const name = nameOf(group);
    sums.set(name, (sums.get(name) ?? 0n) + group.costPusd);
  }
  return Object.fromEntries([...sums].map(([name, sum]) => [name, toDollars(sum)]));
}
