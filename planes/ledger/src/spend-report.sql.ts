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

/** R1. Sums and totals are of one instant: they are one statement. */
export async function reportSpend(tx: Executor, query: ReportQuery): Promise<SpendReport> {
  const { by, page } = query;
  const told = (name: ReportName): Statement<unknown> =>
    by.includes(name) ? COLUMNS[name] : sql`null`;
  const named = (name: ReportName): Statement<unknown> =>
    by.includes(name) ? sql`nullif(${COLUMNS[name]}, '')` : sql`null::text`;
  const columns = by.map((name) => COLUMNS[name]);
  const [first] = columns;
  const isTotal = first === undefined ? sql`true` : sql`grouping(${first}) = 1`;
  const sets = first === undefined ? sql`()` : sql`(${sql.join(columns, ', ')}), ()`;
  const { rows } = await sql<Row>`
    with sums as (
      select ${isTotal} as "isTotal", ${told('day')}::text as day,
             ${told('project')}::uuid as "projectId", ${told('key')}::uuid as "keyId",
             ${named('team')} as team, ${named('person')} as person, ${named('model')} as model,
             ${named('provider')} as provider, ${named('agent')} as agent,
             ${named('session')} as session, ${named('tag')} as tag,
             coalesce(sum(d.calls), 0)::numeric as calls,
             coalesce(sum(d.failed_calls), 0)::numeric as "failedCalls",
             coalesce(sum(d.unpriced_calls), 0)::numeric as "unpricedCalls",
             coalesce(sum(d.cost_pusd), 0)::numeric as "costPusd",
             coalesce(sum(d.input_tokens), 0)::numeric as "inputTokens",
             coalesce(sum(d.cached_input_tokens), 0)::numeric as "cachedInputTokens",
             coalesce(sum(d.cache_write_tokens), 0)::numeric as "cacheWriteTokens",
             coalesce(sum(d.output_tokens), 0)::numeric as "outputTokens"
      from ledger_daily(${query.orgId}, ${kindOf(query)}, ${query.from ?? '-infinity'}::date,
                        ${query.until ?? 'infinity'}::date) d
      where ${sql.join(conditionsOf(query), ' and ')}
      group by grouping sets (${sets})
    ), ranked as (
      select s.*, row_number() over (
               order by s."isTotal" desc, s.day, s."costPusd" desc, s."projectId", s."keyId", s.team,
                        s.person, s.model, s.provider, s.agent, s.session, s.tag) - 1 as n
      from sums s
    )
    select * from ranked r
    where r."isTotal" or (r.n > ${page.offset}::int and r.n <= ${page.offset}::int + ${page.limit}::int)
    order by r.n
  `.execute(tx);
  const [total, ...groups] = rows;
  if (!total?.isTotal) throw new Error('a report has no totals');
  return { groups: groups.map(toGroup), totals: sumsOf(total) };
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
