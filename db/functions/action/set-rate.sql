-- Sets a rate. What was used of its window stays used; where the window has another length now, as if just now.
create or replace function action_set_rate(
  p_org uuid, p_scope text, p_project uuid, p_calls integer, p_per_seconds integer
) returns void
language plpgsql
as $$
declare
  v_rate tool_rate;
  v_now timestamptz;
  v_used numeric;
begin
  insert into tool_rate as r (org_id, scope, project_id, calls, per_seconds, newest_at)
  values (p_org, p_scope, p_project, p_calls, p_per_seconds, action_rate_time(app_now(), p_per_seconds))
  on conflict (org_id, scope) do nothing;
  select r.* into strict v_rate from tool_rate r where r.org_id = p_org and r.scope = p_scope for update;
  if v_rate.per_seconds <> p_per_seconds then
    v_now := greatest(action_rate_time(app_clock(), v_rate.per_seconds), v_rate.newest_at);
    v_used := (ring_after(v_rate.slots, v_rate.used, v_rate.newest_at, v_now, null, null)).total;
    v_now := action_rate_time(app_clock(), p_per_seconds);
    update tool_rate r
    set per_seconds = p_per_seconds, used = v_used, newest_at = v_now,
        slots = (ring_after(array_fill(0::bigint, array[61]), 0, v_now, v_now,
                            array[epoch_second(v_now)], array[v_used::bigint])).slots
    where r.org_id = p_org and r.scope = p_scope;
  end if;
  update tool_rate r set calls = p_calls where r.org_id = p_org and r.scope = p_scope and r.calls <> p_calls;
end $$;
