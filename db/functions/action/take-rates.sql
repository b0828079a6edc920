-- A6. Takes one call of each rate there is, or of none. In how many ms there is room; null: it was taken. Rows are
-- locked by their names, so that two servers never wait for each other.
create or replace function action_take_rates(p_org uuid, p_scopes text[]) returns double precision
language plpgsql
as $$
declare
  v_rate record;
  v_wait double precision;
begin
  for v_rate in
    select r.* from tool_rate r where r.org_id = p_org and r.scope = any(p_scopes) order by r.scope for update
  loop
    if v_rate.used >= v_rate.calls and app_now() < v_rate.window_at + v_rate.per_seconds * interval '1 second' then
      v_wait := greatest(coalesce(v_wait, 1), ceil(1000 * extract(epoch from
        v_rate.window_at + v_rate.per_seconds * interval '1 second' - app_now())));
    end if;
  end loop;
  if v_wait is not null then
    return v_wait;
  end if;
  update tool_rate r set
    window_at = case when app_now() < r.window_at + r.per_seconds * interval '1 second' then r.window_at
      else app_now() end,
    used = case when app_now() < r.window_at + r.per_seconds * interval '1 second' then r.used + 1 else 1 end
  where r.org_id = p_org and r.scope = any(p_scopes);
  return null;
end $$;
