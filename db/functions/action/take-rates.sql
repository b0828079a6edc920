-- A6. Takes one call of each rate there is, or of none. In how many ms there is room; null: it was taken. Rows are
-- locked by their names, so that two servers never wait for each other. A window slides: what is counted at any
-- instant covers at least the seconds of the rate before it, and at most a sixtieth more.
create or replace function action_take_rates(p_org uuid, p_scopes text[]) returns double precision
language plpgsql
as $$
declare
  v_rate record;
  v_now timestamptz;
  v_ring record;
  v_wait double precision;
begin
  -- One after the other where there is only one, as there almost always is.
  for v_rate in
    select r.* from tool_rate r where r.org_id = p_org and r.scope = any(p_scopes) order by r.scope for update
  loop
    v_now := greatest(action_rate_time(app_clock(), v_rate.per_seconds), v_rate.newest_at);
    v_ring := ring_after(v_rate.slots, v_rate.used, v_rate.newest_at, v_now, null, null);
    if v_ring.total >= v_rate.calls then
      v_wait := greatest(coalesce(v_wait, 1),
        ceil(ring_wait_ms(v_ring.slots, v_now, v_now, v_ring.total + 1 - v_rate.calls)
             * v_rate.per_seconds / 60.0));
    end if;
  end loop;
  if v_wait is not null then
    return v_wait;
  end if;
  update tool_rate r
  set slots = t.slots, used = t.total, newest_at = n.now
  from tool_rate o
  cross join lateral (
    select greatest(action_rate_time(app_clock(), o.per_seconds), o.newest_at) as now
  ) n
  cross join lateral ring_after(o.slots, o.used, o.newest_at, n.now, array[epoch_second(n.now)], array[1]::bigint[]) t
  where o.org_id = p_org and o.scope = any(p_scopes) and r.org_id = o.org_id and r.scope = o.scope;
  return null;
end $$;
