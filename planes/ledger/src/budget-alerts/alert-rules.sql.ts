import { type Db, type Executor, sql, type Tx } from '@sagewai/postgres';
import type { OrganizationId, PicoUsd } from '@sagewai/wire';

import type { AlertRule } from './alert-rule.ts';

const COLUMNS = sql`
  id, name, project_id as "projectId", agent, period, limit_pusd as "limitPusd", thresholds,
  on_forecast as "onForecast", receivers, created_by as "createdBy", created_at as "createdAt"
`;

export async function listRules(db: Executor): Promise<AlertRule[]> {
  const { rows } = await sql<AlertRule>`
    select ${COLUMNS} from alert_rule order by name
  `.execute(db);
  return rows;
}

/** Null: the name is taken. */
export async function insertRule(
  tx: Tx,
  orgId: OrganizationId,
  rule: Omit<AlertRule, 'id' | 'createdAt'>,
): Promise<AlertRule | null> {
  const { rows } = await sql<AlertRule>`
    insert into alert_rule (
      id, org_id, name, project_id, agent, period, limit_pusd, thresholds, on_forecast, receivers,
      created_by)
    values (gen_random_uuid(), ${orgId}, ${rule.name}, ${rule.projectId}, ${rule.agent},
            ${rule.period}, ${rule.limitPusd}::numeric, ${[...rule.thresholds]}::int[],
            ${rule.onForecast}, ${[...rule.receivers]}::text[], ${rule.createdBy})
    on conflict (org_id, name) do nothing
    returning ${COLUMNS}
  `.execute(tx);
  return rows[0] ?? null;
}

export async function changeRule(
  tx: Tx,
  of: {
    readonly id: string;
    /** Undefined: it stays. */
    readonly limitPusd: PicoUsd | null | undefined;
    readonly thresholds: readonly number[] | null;
    readonly onForecast: boolean | null;
    readonly receivers: readonly string[] | null;
  },
): Promise<AlertRule | null> {
  const { limitPusd = null } = of;
  const { rows } = await sql<AlertRule>`
    update alert_rule set
      limit_pusd = case when ${of.limitPusd !== undefined}::boolean then ${limitPusd}::numeric
                   else limit_pusd end,
      thresholds = coalesce(${of.thresholds && [...of.thresholds]}::int[], thresholds),
      on_forecast = coalesce(${of.onForecast}::boolean, on_forecast),
      receivers = coalesce(${of.receivers && [...of.receivers]}::text[], receivers)
    where id = ${of.id}
    returning ${COLUMNS}
  `.execute(tx);
  return rows[0] ?? null;
}

export async function deleteRule(tx: Tx, id: string): Promise<boolean> {
  const { rows } = await sql<{ id: string }>`
    delete from alert_rule where id = ${id} returning id
  `.execute(tx);
  return rows.length > 0;
}

/** For the job, which sees no tenant's rows: who has rules. */
export async function findOrgsWithRules(dispatch: Db): Promise<OrganizationId[]> {
  const { rows } = await sql<{ orgId: OrganizationId }>`
    select distinct org_id as "orgId" from alert_rule
  `.execute(dispatch);
  return rows.map(({ orgId }) => orgId);
}

/** A rule with its limit and what was spent in its window. */
export interface RuleState {
  readonly ruleId: string;
  /** Null: there is none to reach. */
  readonly limit: PicoUsd | null;
  readonly spent: PicoUsd;
  /** UTC. */
  readonly openedOn: string;
  readonly now: Date;
}

/** Where every rule of an organization stands, from one snapshot. */
export async function readRuleStates(db: Executor, orgId: OrganizationId): Promise<RuleState[]> {
  const { rows } = await sql<RuleState>`
    with n as (
      select app_now() as now, (app_now() at time zone 'UTC')::date as today
    ), d as materialized (
      select d.day, d.project_id, d.agent, sum(d.cost_pusd) as cost
      from n cross join lateral
        ledger_daily(${orgId}, 'call', date_trunc('month', n.today)::date, n.today) d -- R1
      group by 1, 2, 3
    )
    select r.id as "ruleId", n.now,
           to_char(case r.period when 'day' then n.today
                   else date_trunc('month', n.today)::date end, 'YYYY-MM-DD') as "openedOn",
           coalesce(
             r.limit_pusd,
             (select case r.period when 'day' then l.daily_pusd
                     else case when l.month = 'calendar' then l.monthly_pusd end end
              from soft_limit l
              where l.project_id = r.project_id and l.agent = coalesce(r.agent, '*')),
             (select b.limit_amount from budget b
              where b.org_id = r.org_id and r.agent is null and b.measure = 'cost' and b.period = r.period
                and b.scope_kind = case when r.project_id is null then 'organization' else 'project' end
                and b.scope_id = coalesce(r.project_id, r.org_id)::text)
           )::numeric as limit,
           coalesce((
             select sum(d.cost) from d
             where (r.period = 'month' or d.day = n.today)
               and (r.project_id is null or d.project_id = r.project_id)
               and (r.agent is null or d.agent = r.agent)
           ), 0)::numeric as spent
    from alert_rule r cross join n
    where r.org_id = ${orgId}
    order by r.name
  `.execute(db);
  return rows;
}

/** Notices of windows that are long over. */
export async function forgetNotices(tx: Tx): Promise<void> {
  await sql`
    delete from budget_notice where opened_on < (app_now() at time zone 'UTC')::date - 62
  `.execute(tx);
}
