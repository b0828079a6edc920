create or replace function ledger_derive(p_budgets bigint[])
returns table (id bigint, settled numeric, reserved numeric, slots bigint[])
language sql stable
as $$
  with movement as (
    select b.id, b.period, b.opened_at, r.created_at as started_at, r.created_at as at,
           case b.measure when 'requests' then 1 else 0 end::numeric as charged,
           case b.measure
             when 'cost' then r.amount_pusd
             when 'tokens' then r.input_tokens + r.output_tokens else 0 end::numeric as held,
           0::numeric as overrun
    from budget b
    join reservation r
      on r.org_id = b.org_id and in_scope(b.scope_kind, b.scope_id, r.org_id, r.project_id, r.key_id, r.team_id,
                                         r.person_id, r.contexts)
    where b.id = any(p_budgets)
    union all
    -- Of scopes that calls name there can be as many as calls: joined by their names.
    select b.id, b.period, b.opened_at, s.started_at, s.at,
           case b.measure
             when 'cost' then s.cost_pusd - s.overrun_pusd
             when 'tokens' then s.input_tokens + s.output_tokens - s.overrun_tokens
             else 1 - s.entry end::numeric,
           0,
           case b.measure
             when 'cost' then s.overrun_pusd
             when 'tokens' then s.overrun_tokens else 0 end::numeric
    from (
      select k.org_id, min(k.opened_at - ring_reach(k.period)) as since
      from budget k
      where k.id = any(p_budgets) and k.scope_kind not in ('organization', 'project', 'team', 'person', 'key')
      group by k.org_id
    ) o
    join spend s on s.org_id = o.org_id and s.contexts is not null and s.at >= o.since
    cross join lateral ledger_named(s.contexts) n
    join budget b
      on b.org_id = o.org_id and b.scope_kind = n.kind and b.scope_id = n.id
      and s.at >= b.opened_at - ring_reach(b.period)
    where b.id = any(p_budgets)
    union all
    select b.id, b.period, b.opened_at,
           case when s.from_share and is_sliding(b.period) then s.at else s.started_at end, s.at,
           case b.measure
             when 'cost' then s.cost_pusd - s.overrun_pusd
             when 'tokens' then s.input_tokens + s.output_tokens - s.overrun_tokens
             else 1 - s.entry end::numeric,
           0,
           case b.measure
             when 'cost' then s.overrun_pusd
             when 'tokens' then s.overrun_tokens else 0 end::numeric
    from budget b
    join spend s
      on s.org_id = b.org_id and in_scope(b.scope_kind, b.scope_id, s.org_id, s.project_id, s.key_id, s.team_id,
                                         s.person_id, s.contexts)
      -- A row is never booked before its call was admitted.
      and s.at >= b.opened_at - ring_reach(b.period)
    where b.id = any(p_budgets) and b.period <> 'total'
      and b.scope_kind in ('organization', 'project', 'team', 'person', 'key')
    union all
    select b.id, b.period, b.opened_at, l.charged_at, l.charged_at, l.amount, 0, 0
    from budget b
    join lost_share l
      on l.org_id = b.org_id and l.scope_kind = b.scope_kind and l.scope_id = b.scope_id
      and l.measure = b.measure and l.period = b.period
      and l.charged_at >= b.opened_at - ring_reach(b.period)
    where b.id = any(p_budgets)
  ), shared as (
    select b.id, sum(h.amount) as amount
    from budget b join share h on h.budget_id = b.id
    where b.id = any(p_budgets) and (is_sliding(b.period) or h.day >= window_of(b.period, b.opened_at))
    group by b.id
  ), slot as (
    select m.id, v.slot, sum(v.amount)::bigint as amount
    from movement m
    cross join lateral (values (ring_slot(ring_size(m.period), m.started_at), m.charged + m.held),
                               (ring_slot(ring_size(m.period), m.at), m.overrun)) v(slot, amount)
    cross join lateral (select ring_slot(ring_size(m.period), m.opened_at) as newest) o
    where is_sliding(m.period) and v.slot between o.newest - ring_size(m.period) + 1 and o.newest
    group by m.id, v.slot
  ), fixed as (
    select m.id,
           coalesce(sum(m.charged) filter (where m.started_at >= m.opened_at), 0)
             + coalesce(sum(m.overrun) filter (where m.at >= m.opened_at), 0) as settled,
           coalesce(sum(m.held) filter (where m.started_at >= m.opened_at), 0) as reserved
    from movement m
    where not is_sliding(m.period)
    group by m.id
  ), summed as (
    -- What counts for ever is in the sums of days (R1): its rows are all that there ever were.
    select b.id,
           sum(case b.measure when 'cost' then d.cost when 'tokens' then d.tokens else d.calls end) as settled
    from (select distinct b.org_id from budget b
          where b.id = any(p_budgets) and b.period = 'total'
            and b.scope_kind in ('organization', 'project', 'team', 'person', 'key')) o
    cross join lateral (
      select d.project_id, d.key_id, nullif(d.team, '') as team, nullif(d.person, '') as person,
             sum(d.cost_pusd) as cost, sum(d.input_tokens + d.output_tokens) as tokens, sum(d.calls) as calls
      from ledger_daily(o.org_id, 'call', '-infinity', 'infinity') d
      group by 1, 2, 3, 4
    ) d
    join budget b
      on b.org_id = o.org_id and b.period = 'total'
      and in_scope(b.scope_kind, b.scope_id, o.org_id, d.project_id, d.key_id, d.team, d.person)
    where b.id = any(p_budgets)
    group by b.id
  )
  select b.id,
         case when is_sliding(b.period) then coalesce((select sum(s.amount) from slot s where s.id = b.id), 0)
           else coalesce(f.settled, 0) + coalesce(u.settled, 0) end,
         coalesce(f.reserved, 0) + coalesce(h.amount, 0),
         case when is_sliding(b.period) then array(
           select coalesce(max(s.amount), 0)
           from generate_series(0, ring_size(b.period) - 1) n
           left join slot s on s.id = b.id and s.slot % ring_size(b.period) = n
           group by n order by n) end
  from budget b
  left join fixed f on f.id = b.id
  left join summed u on u.id = b.id
  left join shared h on h.id = b.id
  where b.id = any(p_budgets)
$$;
