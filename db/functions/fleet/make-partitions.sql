-- Makes the partitions of today and of the next `p_ahead` days. A day that the default partition has rows
-- of (nobody made it in time) gets them back. Rows of no day (a clock far off) stay in the default partition.
create or replace function fleet_make_partitions(p_ahead integer) returns integer
language plpgsql security definer
set search_path = public, pg_temp
set timezone = 'UTC'
as $$
declare
  v_day timestamptz;
  v_table text;
  v_name text;
  v_lower uuid;
  v_upper uuid;
  v_made integer := 0;
begin
  perform pg_advisory_xact_lock(hashtext('fleet_make_partitions'));
  for v_day in
    select generate_series(date_trunc('day', app_now()),
                           date_trunc('day', app_now()) + make_interval(days => p_ahead), '1 day')
  loop
    v_lower := uuid_at(v_day);
    v_upper := uuid_at(v_day + interval '1 day');
    foreach v_table in array fleet_daily_tables() loop
      v_name := format('%s_%s', v_table, to_char(v_day, 'YYYYMMDD'));
      -- Before there were days, there were months.
      continue when exists (select from fleet_partitions(v_table) p
                            where p.lower < v_upper and p.upper > v_lower);
      execute format('create table %I (like %I including defaults including constraints)', v_name, v_table);
      execute format('alter table %I no force row level security', v_table || '_default');
      execute format(
        'with moved as (delete from %I where run_id >= %L and run_id < %L returning *)
         insert into %I select * from moved', v_table || '_default', v_lower, v_upper, v_name);
      execute format('alter table %I force row level security', v_table || '_default');
      execute format('alter table %I attach partition %I for values from (%L) to (%L)', v_table, v_name,
        v_lower, v_upper);
      execute format('alter table %I enable row level security', v_name);
      execute format('alter table %I force row level security', v_name);
      v_made := v_made + 1;
    end loop;
  end loop;
  return v_made;
end $$;
