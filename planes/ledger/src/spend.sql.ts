import { type Executor, sql, type Statement } from '@sagewai/postgres';
import type { OrganizationId, PicoUsd, RunId } from '@sagewai/wire';

import type { SavedTotals, Spend, SpendTotals } from './spend.ts';

export interface SpendFilter {
  readonly orgId: OrganizationId;
  readonly projectId?: string | undefined;
  readonly keyId?: string | undefined;
  readonly runId?: string | undefined;
  readonly id?: string | undefined;
  readonly team?: string | undefined;
  readonly person?: string | undefined;
  readonly model?: string | undefined;
  readonly provider?: string | undefined;
  readonly agent?: string | undefined;
  readonly session?: string | undefined;
  readonly tag?: string | undefined;
  readonly status?: string | undefined;
  /** Calls that started at or after, and before. */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

/** A row, by which a listing goes on. */
export interface SpendPlace {
  readonly id: string;
  readonly entry: number;
}

export interface SpendPage {
  /** The last row of the page before. */
  readonly after?: SpendPlace | undefined;
  readonly limit: number;
  /** How many rows of the organization are looked at for the page. */
  readonly lookAt?: number;
}

const ROWS_LOOKED_AT_MAX = 20_000;
/** An id begins with the time that its maker's clock told; it is never more than a day from ours. */
const ID_SLACK_MS = 86_400_000;

/** Newest call first; ids are made in the order of time. */
export async function listSpend(
  db: Executor,
  filter: SpendFilter,
  page: SpendPage,
): Promise<Spend[]> {
  return [...(await readSpendPage(db, filter, page)).rows];
}

/**
 * A page, and where the next one begins; null: that was all. A page costs no more than the rows that may
 * be looked at for it, however few of many match: then it is shorter, and the next one goes on.
 */
export async function readSpendPage(
  db: Executor,
  filter: SpendFilter,
  page: SpendPage,
): Promise<{ readonly rows: readonly Spend[]; readonly next: SpendPlace | null }> {
  const lookAt = page.lookAt ?? ROWS_LOOKED_AT_MAX;
  const limit = page.limit + 1;
  const { rows: read } = await sql<Spend>`
    ${sourceOf(filter, page, lookAt)}
    select id, entry, project_id as "projectId", key_id as "keyId", run_id as "runId",
           worker_id as "workerId", team_id as "teamId", person_id as "personId", model, deployment,
           provider, cost_pusd as "costPusd",
           (select d.saved_pusd from routing_decision d where d.id = looked.id and entry = 0) as "savedPusd",
           price_known as "priceKnown", reserved_pusd as "reservedPusd",
           overrun_pusd as "overrunPusd", input_tokens as "inputTokens",
           cached_input_tokens as "cachedInputTokens", cache_write_tokens as "cacheWriteTokens",
           output_tokens as "outputTokens", usage_source as "usageSource", status,
           started_at as "startedAt", at, session_id as "sessionId", agent, tags
    from looked where ${sql.join(conditionsOf(filter), ' and ')}
    order by id desc, entry desc
    limit ${limit}
  `.execute(db);
  const rows = read.slice(0, page.limit);
  const last = rows.at(-1);
  if (read.length === limit) return { rows, next: last ?? null };
  return { rows, next: await lastLookedAt(db, filter, { ...page, lookAt }) };
}

/** The rows that are looked at: those of a call or a run, else so many of the newest. */
function sourceOf(filter: SpendFilter, page: SpendPage, lookAt: number): Statement<unknown> {
  const { orgId, id, runId } = filter;
  const from = placeOf(filter, page);
  if (id !== undefined || runId !== undefined) {
    const named = id === undefined ? sql`run_id = ${runId}::uuid` : sql`id = ${id}::uuid`;
    return sql`
      with looked as materialized (select * from spend where org_id = ${orgId} and ${named} ${from})
    `;
  }
  return sql`
    with looked as (
      select * from spend where org_id = ${orgId} ${from} order by id desc, entry desc limit ${lookAt}
    )
  `;
}

/** Beyond the page before, and within the days that are asked for: rows of others are not looked at. */
function placeOf(
  { since, until }: SpendFilter,
  { after }: Pick<SpendPage, 'after'>,
): Statement<unknown> {
  const bounds = [sql``];
  if (after) bounds.push(sql`and (id, entry) < (${after.id}::uuid, ${after.entry}::smallint)`);
  if (since !== undefined) bounds.push(sql`and id >= ${idAt(since, -ID_SLACK_MS)}::uuid`);
  if (until !== undefined) bounds.push(sql`and id < ${idAt(until, ID_SLACK_MS)}::uuid`);
  return sql.join(bounds, ' ');
}

const ID_TIME_MAX = 2 ** 48 - 1;

/** The first id of an instant: ids are told apart by time before all else. */
function idAt(instant: string, offsetMs: number): string {
  const ms = Math.min(Math.max(Date.parse(instant) + offsetMs, 0), ID_TIME_MAX);
  const time = ms.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-0000-0000-000000000000`;
}

/** Null: there are no rows beyond those that were looked at. */
async function lastLookedAt(
  db: Executor,
  filter: SpendFilter,
  page: SpendPage & { readonly lookAt: number },
): Promise<SpendPlace | null> {
  const { orgId, id, runId } = filter;
  const { lookAt } = page;
  if (id !== undefined || runId !== undefined) return null;
  const from = placeOf(filter, page);
  const { rows } = await sql<SpendPlace>`
    select id, entry from spend where org_id = ${orgId} ${from}
    order by id desc, entry desc offset ${lookAt - 1} limit 1
  `.execute(db);
  return rows[0] ?? null;
}

/** The totals of all that match, from every row; of one run, what the run cost. */
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

/** What the calls that match did not cost, since their answers were kept from earlier ones. */
export async function sumSaved(db: Executor, filter: SpendFilter): Promise<SavedTotals> {
  const { rows } = await sql<SavedTotals>`
    select count(*) filter (where usage_source = 'cache')::int as "cachedCalls",
           coalesce(sum(saved), 0)::numeric as "savedPusd"
    from (
      select usage_source, (
        select d.saved_pusd from routing_decision d where d.org_id = ${filter.orgId} and d.id = spend.id
      ) as saved
      from spend where entry = 0 and ${sql.join(conditionsOf(filter), ' and ')}
        and id in (
          select d.id from routing_decision d where d.org_id = ${filter.orgId} and d.saved_pusd is not null)
    ) matching
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

const SCOPE_COLUMNS = {
  key: sql`d.key_id::text`,
  team: sql`d.team`,
  person: sql`d.person`,
} as const;

/** What each of these keys, teams or people has ever spent; one that has not is left out. */
export async function sumSpendByScope(
  db: Executor,
  of: {
    readonly orgId: OrganizationId;
    readonly kind: keyof typeof SCOPE_COLUMNS;
    readonly ids: readonly string[];
  },
): Promise<ReadonlyMap<string, PicoUsd>> {
  if (of.ids.length === 0) return new Map();
  const column = SCOPE_COLUMNS[of.kind];
  const { rows } = await sql<{ id: string; costPusd: PicoUsd }>`
    select ${column} as id, sum(d.cost_pusd)::numeric as "costPusd"
    from ledger_daily(${of.orgId}, 'call', '-infinity', 'infinity') d -- R1
    where ${column} = any(${of.ids}::text[])
    group by 1
  `.execute(db);
  return new Map(rows.map(({ id, costPusd }) => [id, costPusd]));
}

function conditionsOf(filter: SpendFilter): Statement<unknown>[] {
  const { projectId, keyId, runId, id, session, tag, since, until } = filter;
  const conditions = [sql`org_id = ${filter.orgId}`];
  if (projectId !== undefined) conditions.push(sql`project_id = ${projectId}::uuid`);
  if (keyId !== undefined) conditions.push(sql`key_id = ${keyId}::uuid`);
  if (runId !== undefined) conditions.push(sql`run_id = ${runId}::uuid`);
  if (id !== undefined) conditions.push(sql`id = ${id}::uuid`);
  if (filter.team !== undefined) conditions.push(sql`team_id = ${filter.team}`);
  if (filter.person !== undefined) conditions.push(sql`person_id = ${filter.person}`);
  if (filter.model !== undefined) conditions.push(sql`model = ${filter.model}`);
  if (filter.provider !== undefined) conditions.push(sql`provider = ${filter.provider}`);
  if (filter.agent !== undefined) conditions.push(sql`agent = ${filter.agent}`);
  if (filter.status !== undefined) conditions.push(sql`status = ${filter.status}`);
  // A plan that does not know the value finds the index of the few by this.
  if (filter.status !== undefined && filter.status !== 'ok') conditions.push(sql`status <> 'ok'`);
  if (session !== undefined) conditions.push(sql`session_id = ${session}`);
  if (tag !== undefined) conditions.push(sql`${tag} = any(tags)`);
  if (since !== undefined) {
    // A row is never booked before its call started: `at` has an index by blocks.
    conditions.push(sql`at >= ${since}::timestamptz and started_at >= ${since}::timestamptz`);
  }
  if (until !== undefined) conditions.push(sql`started_at < ${until}::timestamptz`);
  return conditions;
}
