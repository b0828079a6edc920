-- Makes the partitions of `run_event` for today and the next `p_ahead` days, and drops those of days that
-- are more than `p_keep` days ago. Rows of a day without a partition (this was not called for days) are kept
-- by the default one, and stay there.
create or replace function fleet_rotate_event_days(p_ahead integer, p_keep integer) returns integer
language plpgsql security definer
set search_path = public, pg_temp
set timezone = 'UTC'
as $$
declare
  v_day date;
  v_name text;
  v_dropped integer := 0;
begin
  perform pg_advisory_xact_lock(hashtext('fleet_rotate_event_days'));
  for v_day in
    select d::date from generate_series(app_now()::date, app_now()::date + p_ahead, '1 day') as d
  loop
    v_name := 'run_event_' || to_char(v_day, 'YYYYMMDD');
    continue when to_regclass(quote_ident(v_name)) is not null;
    begin
      execute format('create table %I partition of run_event for values from (%L) to (%L)', v_name,
                     v_day::timestamptz, (v_day + 1)::timestamptz);
      execute format('alter table %I enable row level security', v_name);
      execute format('alter table %I force row level security', v_name);
    exception when check_violation then
      -- Today's events came before their partition.
      null;
    end;
  end loop;
  for v_name in
    select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'run_event'::regclass and c.relname ~ '^run_event_\d{8}$'
      and to_date(right(c.relname, 8), 'YYYYMMDD') < app_now()::date - p_keep
  loop
    execute format('drop table %I', v_name);
    v_dropped := v_dropped + 1;
  end loop;
  return v_dropped;
end $$;
revoke execute on function fleet_rotate_event_days(integer, integer) from public;
grant execute on function fleet_rotate_event_days(integer, integer) to sagewai_dispatch;
