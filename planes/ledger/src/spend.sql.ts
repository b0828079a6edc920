import { type Executor, sql, type Statement } from '@sagewai/postgres';
import type { OrganizationId, RunId } from '@sagewai/wire';

import type { Spend, SpendTotals } from './spend.ts';

export interface SpendFilter {
  readonly orgId: OrganizationId;
  readonly projectId?: string | undefined;
  readonly keyId?: string | undefined;
  readonly runId?: string | undefined;
  readonly model?: string | undefined;
  /** Calls that started at or after, and before. */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

export interface SpendPage {
  /** The last row of the page before. */
  readonly after?: { readonly id: string; readonly entry: number } | undefined;
  readonly limit: number;
}

/** Newest call first; ids are made in the order of time. */
export async function listSpend(
  db: Executor,
  filter: SpendFilter,
  page: SpendPage,
): Promise<Spend[]> {
  const conditions = conditionsOf(filter);
  if (page.after) {
    conditions.push(sql`(id, entry) < (${page.after.id}::uuid, ${page.after.entry}::smallint)`);
  }
  const { rows } = await sql<Spend>`
    select id, entry, project_id as "projectId", key_id as "keyId", run_id as "runId",
           worker_id as "workerId", model, deployment, provider, cost_pusd as "costPusd",
           price_known as "priceKnown", reserved_pusd as "reservedPusd",
           overrun_pusd as "overrunPusd", input_tokens as "inputTokens",
           cached_input_tokens as "cachedInputTokens", cache_write_tokens as "cacheWriteTokens",
           output_tokens as "outputTokens", usage_source as "usageSource", status,
           started_at as "startedAt", at, session_id as "sessionId", agent, tags
    from spend where ${sql.join(conditions, ' and ')}
    order by id desc, entry desc
    limit ${page.limit}
  `.execute(db);
  return rows;
}

/** The totals of all that match; of one run, what the run cost. */
export async function sumSpend(db: Executor, filter: SpendFilter): Promise<SpendTotals> {
  const { rows } = await sql<SpendTotals>`
    select count(*) filter (where entry = 0)::int as calls,
           coalesce(sum(cost_pusd), 0)::numeric as "costPusd",
           coalesce(sum(input_tokens), 0)::numeric as "inputTokens",
           coalesce(sum(output_tokens), 0)::numeric as "outputTokens",
           count(*) filter (where entry = 0 and not price_known)::int as "unpricedCalls"
    from spend where ${sql.join(conditionsOf(filter), ' and ')}
  `.execute(db);
  const [totals] = rows;
  if (!totals) throw new Error('an aggregate returned no row');
  return totals;
}

/** The totals of each of these runs that has spent something. */
export async function sumSpendByRun(
  db: Executor,
  { orgId, runIds }: { readonly orgId: OrganizationId; readonly runIds: readonly RunId[] },
): Promise<Map<RunId, SpendTotals>> {
  const { rows } = await sql<SpendTotals & { runId: RunId }>`
    select run_id as "runId", count(*) filter (where entry = 0)::int as calls,
           coalesce(sum(cost_pusd), 0)::numeric as "costPusd",
           coalesce(sum(input_tokens), 0)::numeric as "inputTokens",
           coalesce(sum(output_tokens), 0)::numeric as "outputTokens",
           count(*) filter (where entry = 0 and not price_known)::int as "unpricedCalls"
    from spend where org_id = ${orgId} and run_id = any(${[...runIds]}::uuid[])
    group by run_id
  `.execute(db);
  return new Map(rows.map(({ runId, ...totals }) => [runId, totals]));
}

function conditionsOf(filter: SpendFilter): Statement<unknown>[] {
  const { projectId, keyId, runId, model, since, until } = filter;
  const conditions = [sql`org_id = ${filter.orgId}`];
  if (projectId !== undefined) conditions.push(sql`project_id = ${projectId}::uuid`);
  if (keyId !== undefined) conditions.push(sql`key_id = ${keyId}::uuid`);
  if (runId !== undefined) conditions.push(sql`run_id = ${runId}::uuid`);
  if (model !== undefined) conditions.push(sql`model = ${model}`);
  if (since !== undefined) {
    // A row is never booked before its call started: `at` has an index by blocks.
    conditions.push(sql`at >= ${since}::timestamptz and started_at >= ${since}::timestamptz`);
  }
  if (until !== undefined) conditions.push(sql`started_at < ${until}::timestamptz`);
  return conditions;
}
