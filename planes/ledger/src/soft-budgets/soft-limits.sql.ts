import { type Executor, sql, type Tx } from '@sagewai/postgres';
import type { OrganizationId, ProjectId } from '@sagewai/wire';

import type { ProjectPlace, SoftLimit, SoftProject, SoftSpend } from './soft-limit.ts';

/** A limit with when it was changed last. */
export interface SoftLimitRow extends SoftLimit {
  readonly updatedAt: Date;
}

const COLUMNS = sql`
  agent, daily_pusd as "dailyPusd", monthly_pusd as "monthlyPusd", action,
  fallback_chain as "fallbackChain", month, updated_at as "updatedAt"
`;

export async function listSoftLimits(
  db: Executor,
  { projectId }: Pick<ProjectPlace, 'projectId'>,
  agent: string | null = null,
): Promise<SoftLimitRow[]> {
  const { rows } = await sql<SoftLimitRow>`
    select ${COLUMNS} from soft_limit
    where project_id = ${projectId} and (${agent}::text is null or agent = ${agent}::text)
    order by agent
  `.execute(db);
  return rows;
}

/** Makes it or replaces it; two that do so at once are one after the other, by the project's row. */
export async function putSoftLimit(
  tx: Tx,
  { orgId, projectId }: ProjectPlace,
  limit: SoftLimit,
): Promise<SoftLimitRow> {
  await sql`
    insert into soft_limited_project (project_id, org_id) values (${projectId}, ${orgId})
    on conflict (project_id) do update set org_id = excluded.org_id -- locks it: F2
  `.execute(tx);
  const { rows } = await sql<SoftLimitRow>`
    insert into soft_limit (
      org_id, project_id, agent, daily_pusd, monthly_pusd, action, fallback_chain, month)
    values (${orgId}, ${projectId}, ${limit.agent}, ${limit.dailyPusd}::numeric,
            ${limit.monthlyPusd}::numeric, ${limit.action}, ${[...limit.fallbackChain]}::text[],
            ${limit.month})
    on conflict (project_id, agent) do update
    set daily_pusd = excluded.daily_pusd, monthly_pusd = excluded.monthly_pusd,
        action = excluded.action, fallback_chain = excluded.fallback_chain, month = excluded.month,
        updated_at = app_now()
    returning ${COLUMNS}
  `.execute(tx);
  const [row] = rows;
  if (row === undefined) throw new Error('an upsert returned no row');
  return row;
}

/** Whether there was one. The last of a project takes the project off the list. */
export async function dropSoftLimit(
  tx: Tx,
  { projectId }: Pick<ProjectPlace, 'projectId'>,
  agent: string,
): Promise<boolean> {
  // By a statement of its own: the one that looks what is left must see what this one waited for (F2).
  await sql`
    select from soft_limited_project where project_id = ${projectId} for update
  `.execute(tx);
  const { rows } = await sql<{ agent: string }>`
    delete from soft_limit where project_id = ${projectId} and agent = ${agent} returning agent
  `.execute(tx);
  await sql`
    delete from soft_limited_project p where p.project_id = ${projectId}
      and not exists (select from soft_limit l where l.project_id = p.project_id)
  `.execute(tx);
  return rows.length > 0;
}

/** F2. Of all organizations. */
export async function listSoftProjects(db: Executor): Promise<Set<ProjectId>> {
  const { rows } = await sql<{ id: ProjectId }>`
    select project_id as id from soft_limited_project
  `.execute(db);
  return new Set(rows.map(({ id }) => id));
}

interface SpendRow extends SoftSpend {
  readonly agent: string;
}

/** What its agents have spent, of calls and of what they declared; of nobody in particular: ''. */
export async function readSoftProject(
  db: Executor,
  { orgId, projectId }: ProjectPlace,
): Promise<SoftProject> {
  const limits = await listSoftLimits(db, { projectId });
  const { rows: days } = await sql<{ day: string }>`
    select to_char(app_now() at time zone 'UTC', 'YYYY-MM-DD') as day
  `.execute(db);
  const [today] = days;
  if (today === undefined) throw new Error('the database knows no day');
  const { rows } = await sql<SpendRow>`
    select d.agent,
           coalesce(sum(d.cost_pusd) filter (where d.day = t.today), 0)::numeric as "dayPusd",
           coalesce(sum(d.cost_pusd) filter (where d.day >= t.month), 0)::numeric as "calendarMonthPusd",
           coalesce(sum(d.cost_pusd) filter (where d.day > t.today - 30), 0)::numeric as "trailingPusd"
    from (select ${today.day}::date as today, date_trunc('month', ${today.day}::date)::date as month) t
    cross join lateral ledger_daily(${orgId}, 'call', least(t.month, t.today - 29), t.today) d -- R1
    where d.project_id = ${projectId}
    group by d.agent
  `.execute(db);
  const spendOf = new Map(rows.map(({ agent, ...spend }) => [agent, spend]));
  return { day: today.day, limits, spendOf };
}

export interface Notice {
  readonly orgId: OrganizationId;
  /** What it is about: a limit, a rule. */
  readonly subject: string;
  /** The first UTC day of the window. */
  readonly openedOn: string;
  readonly mark: string;
}

/** Whether it is for the caller to tell: nobody has, and nobody else will (F4). */
export async function claimNotice(tx: Tx, notice: Notice): Promise<boolean> {
  const { rows } = await sql<{ mark: string }>`
    insert into budget_notice (org_id, subject, opened_on, mark)
    values (${notice.orgId}, ${notice.subject}, ${notice.openedOn}::date, ${notice.mark})
    on conflict do nothing
    returning mark
  `.execute(tx);
  return rows.length > 0;
}
