import { type Executor, sql, type Statement } from '@sagewai/postgres';

import type {
  ReportGroup,
  ReportName,
  ReportQuery,
  ReportSums,
  SpendReport,
} from './spend-report.ts';

// As the function answers them. A name that a call does not have is an empty text there.
const COLUMNS = {
  day: sql`d.day`,
  project: sql`d.project_id`,
  key: sql`d.key_id`,
  team: sql`d.team`,
  person: sql`d.person`,
  model: sql`d.model`,
  provider: sql`d.provider`,
  agent: sql`d.agent`,
  session: sql`d.name`,
  tag: sql`d.name`,
} as const satisfies Record<ReportName, Statement<unknown>>;

interface Row extends ReportGroup {
  readonly isTotal: boolean;
}

/** R1. Sums and totals are of one instant: they are one statement, and the totals are those of the groups (R4). */
export async function reportSpend(tx: Executor, query: ReportQuery): Promise<SpendReport> {
  const { rows } = await reportStatement(query).execute(tx);
  const [total, ...groups] = rows;
  if (!total?.isTotal) throw new Error('a report has no totals');
  return { groups: groups.map(toGroup), totals: sumsOf(total) };
}

export function reportStatement(query: ReportQuery): Statement<Row> {
  const { by, page } = query;
  const told = (name: ReportName): Statement<unknown> =>
    by.includes(name) ? COLUMNS[name] : sql`null`;
  const named = (name: ReportName): Statement<unknown> =>
    by.includes(name) ? sql`nullif(${COLUMNS[name]}, '')` : sql`null::text`;
  const [first, ...more] = by.map((name) => COLUMNS[name]);
  const groupBy = first === undefined ? sql`` : sql`group by ${sql.join([first, ...more], ', ')}`;
  return sql<Row>`
    with groups as materialized (
      select ${told('day')}::text as day,
             ${told('project')}::uuid as "projectId", ${told('key')}::uuid as "keyId",
             ${named('team')} as team, ${named('person')} as person, ${named('model')} as model,
             ${named('provider')} as provider, ${named('agent')} as agent,
             ${named('session')} as session, ${named('tag')} as tag,
             sum(d.calls) as calls, sum(d.failed_calls) as "failedCalls",
             sum(d.unpriced_calls) as "unpricedCalls", sum(d.cost_pusd) as "costPusd",
             sum(d.input_tokens) as "inputTokens", sum(d.cached_input_tokens) as "cachedInputTokens",
             sum(d.cache_write_tokens) as "cacheWriteTokens", sum(d.output_tokens) as "outputTokens"
      from ledger_daily(${query.orgId}, ${kindOf(query)}, ${query.from ?? '-infinity'}::date,
                        ${query.until ?? 'infinity'}::date) d
      where ${sql.join(conditionsOf(query), ' and ')}
      ${groupBy}
    ), ranked as (
      select g.*, row_number() over (
               order by g.day, g."costPusd" desc, g."projectId", g."keyId", g.team, g.person, g.model,
                        g.provider, g.agent, g.session, g.tag) as n
      from groups g
      where ${first !== undefined}::boolean
    )
    select true as "isTotal", null::text as day, null::uuid as "projectId", null::uuid as "keyId",
           null::text as team, null::text as person, null::text as model, null::text as provider,
           null::text as agent, null::text as session, null::text as tag,
           coalesce(sum(g.calls), 0)::numeric as calls,
           coalesce(sum(g."failedCalls"), 0)::numeric as "failedCalls",
           coalesce(sum(g."unpricedCalls"), 0)::numeric as "unpricedCalls",
           coalesce(sum(g."costPusd"), 0)::numeric as "costPusd",
           coalesce(sum(g."inputTokens"), 0)::numeric as "inputTokens",
           coalesce(sum(g."cachedInputTokens"), 0)::numeric as "cachedInputTokens",
           coalesce(sum(g."cacheWriteTokens"), 0)::numeric as "cacheWriteTokens",
           coalesce(sum(g."outputTokens"), 0)::numeric as "outputTokens",
           0::bigint as n
    from groups g
    union all
    select false, r.* from ranked r
    where r.n > ${page.offset}::int and r.n <= ${page.offset}::int + ${page.limit}::int
    order by n
  `;
}

/** Of which sums it is made; sessions and tags of a call are told apart in sums of their own. */
function kindOf({ by, only }: ReportQuery): 'call' | 'session' | 'tag' {
  if (by.includes('tag') || only?.tag !== undefined) return 'tag';
  return by.includes('session') || only?.session !== undefined ? 'session' : 'call';
}

function conditionsOf({ only = {} }: ReportQuery): Statement<unknown>[] {
  const { projectId, keyIds, team, person, model, provider, agent, session, tag } = only;
  const conditions = [sql`true`];
  if (projectId !== undefined) conditions.push(sql`d.project_id = ${projectId}::uuid`);
  if (keyIds !== undefined) conditions.push(sql`d.key_id = any(${[...keyIds]}::uuid[])`);
  if (team !== undefined) conditions.push(sql`d.team = ${team}`);
  if (person !== undefined) conditions.push(sql`d.person = ${person}`);
  if (model !== undefined) conditions.push(sql`d.model = ${model}`);
  if (provider !== undefined) conditions.push(sql`d.provider = ${provider}`);
  if (agent !== undefined) conditions.push(sql`d.agent = ${agent}`);
  const name = tag ?? session;
  if (name !== undefined) conditions.push(sql`d.name = ${name}`);
  return conditions;
}

const sumsOf = (row: Row): ReportSums => ({
  calls: row.calls,
  failedCalls: row.failedCalls,
  unpricedCalls: row.unpricedCalls,
  costPusd: row.costPusd,
  inputTokens: row.inputTokens,
  cachedInputTokens: row.cachedInputTokens,
  cacheWriteTokens: row.cacheWriteTokens,
  outputTokens: row.outputTokens,
});

const toGroup = (row: Row): ReportGroup => ({
  ...sumsOf(row),
  day: row.day,
  projectId: row.projectId,
  keyId: row.keyId,
  team: row.team,
  person: row.person,
  model: row.model,
  provider: row.provider,
  agent: row.agent,
  session: row.session,
  tag: row.tag,
});
