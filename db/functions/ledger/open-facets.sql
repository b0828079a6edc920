-- Makes the budgets of parts that a call of these is the first of. Calls that name a part are never under
-- way before its budget is there, so it begins at nothing (B5). In one order: of two that make the
-- same, the second waits for the first. Those that it has made, so that they go again when no call is admitted in them.
create or replace function ledger_open_facets(p_org uuid[], p_limit bigint[], p_kind text[], p_id text[])
returns bigint[]
language sql
as $$
  with made as (
    insert into budget (org_id, scope_kind, scope_id, measure, period, limit_amount, opened_at, slots)
    select g.org, g.kind, g.id, m.measure, m.period, m.amount,
           case m.period when 'total' then l.made_at else window_of(m.period, app_clock()) end,
           ring_of(m.period)
    from (select distinct u.org, u.rule, u.kind, u.id from unnest(p_org, p_limit, p_kind, p_id) u(org, rule, kind, id)) g
    join facet_limit l on l.id = g.rule
    cross join lateral unnest(l.measures, l.periods, l.amounts) m(measure, period, amount)
    where not exists (
      select from budget b
      where b.org_id = g.org and b.scope_kind = g.kind and b.scope_id = g.id and b.measure = m.measure and b.period = m.period)
    order by g.org, g.kind, g.id, m.measure, m.period
    on conflict do nothing
    returning id
  )
  select array_agg(m.id) from made m
$$;
