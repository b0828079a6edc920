-- B4. What balances must be, computed from the rows alone: reservations and spend.

create function ledger_derive(p_budgets bigint[])
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
      on r.org_id = b.org_id and in_scope(b.scope_kind, b.scope_id, r.org_id, r.project_id, r.key_id)
    where b.id = any(p_budgets)
    union all
    select b.id, b.period, b.opened_at, s.started_at, s.at,
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
      on s.org_id = b.org_id and in_scope(b.scope_kind, b.scope_id, s.org_id, s.project_id, s.key_id)
      -- A row is never booked before its call was admitted.
      and s.at >= b.opened_at - interval '61 seconds'
    where b.id = any(p_budgets)
  ), second as (
    select m.id, v.second, sum(v.amount)::bigint as amount
    from movement m
    cross join lateral (values (epoch_second(m.started_at), m.charged + m.held),
                               (epoch_second(m.at), m.overrun)) v(second, amount)
    where m.period = 'minute'
      and v.second between epoch_second(m.opened_at) - 60 and epoch_second(m.opened_at)
    group by m.id, v.second
  ), day as (
    select m.id,
           coalesce(sum(m.charged) filter (where m.started_at >= m.opened_at), 0)
             + coalesce(sum(m.overrun) filter (where m.at >= m.opened_at), 0) as settled,
           coalesce(sum(m.held) filter (where m.started_at >= m.opened_at), 0) as reserved
    from movement m
    where m.period = 'day'
    group by m.id
  )
  select b.id,
         case b.period
           when 'day' then coalesce(d.settled, 0)
           else coalesce((select sum(s.amount) from second s where s.id = b.id), 0) end,
         coalesce(d.reserved, 0),
         case b.period when 'minute' then array(
           select coalesce(max(s.amount), 0)
           from generate_series(0, 60) slot
           left join second s on s.id = b.id and s.second % 61 = slot
           group by slot order by slot) end
  from budget b
  left join day d on d.id = b.id
  where b.id = any(p_budgets)
$$;

-- Replaces the limits of one scope; what is not listed is without limit. A limit that is new counts
-- what the rows say has happened in its window already. Call it before anything is added to the audit
-- chain of the same transaction.
create function ledger_set_limits(
  p_org uuid, p_scope_kind text, p_scope_id text,
  p_measures text[], p_periods text[], p_amounts numeric[]
) returns void
language plpgsql
as $$
declare
  v_now timestamptz;
  v_new bigint[];
begin
  perform pg_advisory_xact_lock(ledger_lock_key(p_org)); -- B5
  v_now := app_clock();

  delete from budget b
  where b.org_id = p_org and b.scope_kind = p_scope_kind and b.scope_id = p_scope_id
    and not exists (
      select from unnest(p_measures, p_periods) g(measure, period)
      where g.measure = b.measure and g.period = b.period);

  update budget b
  set limit_amount = g.amount
  from unnest(p_measures, p_periods, p_amounts) g(measure, period, amount)
  where b.org_id = p_org and b.scope_kind = p_scope_kind and b.scope_id = p_scope_id
    and b.measure = g.measure and b.period = g.period and b.limit_amount <> g.amount;

  with made as (
    insert into budget (org_id, scope_kind, scope_id, measure, period, limit_amount, opened_at, slots)
    select p_org, p_scope_kind, p_scope_id, g.measure, g.period, g.amount,
           case g.period when 'day' then day_of(v_now) else date_trunc('second', v_now) end,
           case g.period when 'minute' then array_fill(0::bigint, array[61]) end
    from unnest(p_measures, p_periods, p_amounts) g(measure, period, amount)
    on conflict on constraint a_scope_has_one_limit_of_a_kind do nothing
    returning id
  )
  select array_agg(m.id) into v_new from made m;

  update budget b
  set settled = d.settled, reserved = d.reserved, slots = d.slots -- B4
  from ledger_derive(v_new) d
  where b.id = d.id;
end $$;
