-- M2. Books the shares of holdings that expired as spent in full, marked unknown: their holder was
-- killed, or is so slow that it must not admit any more. Also those that are named, whose holder has
-- given up on them. Answers how many holdings.
create or replace function ledger_forfeit(p_orgs uuid[], p_max int, p_named uuid[] default null)
returns int
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  c_system constant text := 'system:ledger';
  v_now timestamptz;
  v_due uuid[];
  v_budgets bigint[];
begin
  perform set_config('sagewai.orgs', array_to_string(p_orgs, ','), true);
  perform pg_advisory_xact_lock_shared(ledger_lock_key(o.org)) -- B5
  from (select distinct g.org from unnest(p_orgs) g(org) order by 1) o;
  select array_agg(h.id) into v_due
  from (
    select h.id from holding h
    where h.org_id = any(p_orgs) and (h.expires_at <= app_clock() or h.id = any(p_named))
    order by h.id limit p_max
    for update skip locked
  ) h;
  if v_due is null then return 0; end if;

  select array_agg(l.id), max(l.opened_at)
  into v_budgets, v_now
  from (
    select b.id, b.opened_at from budget b
    where b.id in (select s.budget_id from share s where s.holding_id = any(v_due))
    order by b.id
    for update
  ) l;
  v_now := greatest(app_clock(), v_now); -- B2

  insert into lost_share (org_id, holding_id, scope_kind, scope_id, measure, period, amount, charged_at,
                          booked_at)
  select b.org_id, s.holding_id, b.scope_kind, b.scope_id, b.measure, b.period, s.amount,
         case when is_sliding(b.period) or s.day >= window_of(b.period, v_now) then v_now
           else s.day + interval '1 day' - interval '1 microsecond' end,
         v_now
  from share s join budget b on b.id = s.budget_id
  where s.holding_id = any(v_due) and s.amount > 0
  order by s.holding_id, b.id;

  update budget b
  set opened_at = greatest(b.opened_at, window_of(b.period, v_now)),
      settled = case when is_sliding(b.period) then l.total
        when b.opened_at >= window_of(b.period, v_now) then b.settled else 0 end
        + case when not is_sliding(b.period) then l.amount else 0 end,
      reserved = case when is_sliding(b.period) or b.opened_at >= window_of(b.period, v_now) then b.reserved else 0 end - l.amount,
      slots = l.slots
  from (
    select k.id, g.amount, turned.slots, turned.total
    from (
      select s.budget_id, coalesce(sum(s.amount) filter (
               where s.day is null or s.day >= window_of(q.period, v_now)), 0)::bigint as amount
      from share s join budget q on q.id = s.budget_id
      where s.holding_id = any(v_due)
      group by s.budget_id
    ) g
    join budget k on k.id = g.budget_id
    left join lateral ring_after(k.slots, k.settled, k.opened_at, v_now, array[epoch_second(v_now)],
                                 array[g.amount]) turned on is_sliding(k.period)
    where k.id = any(v_budgets)
  ) l
  where b.id = l.id;

  delete from share s where s.holding_id = any(v_due);
  perform audit_append(l.org_id, c_system, 'share.lost', l.holding_id::text, 'ok', '',
    jsonb_build_object('kind', 'share.lost', 'booked', l.booked)::text)
  from (
    select h.org_id, h.id as holding_id, coalesce(string_agg(
             format('%s %s %s/%s %s', l.scope_kind, l.scope_id, l.measure, l.period, l.amount), '; '
             order by l.id), '') as booked
    from holding h left join lost_share l on l.holding_id = h.id and l.booked_at = v_now
    where h.id = any(v_due)
    group by h.org_id, h.id
    order by h.org_id, h.id
  ) l;
  delete from holding h where h.id = any(v_due);
  return cardinality(v_due);
end $$;
