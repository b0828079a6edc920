-- Makes the partitions of this month and of the next `p_ahead`. Rows of no month (a clock far off) are
-- kept by the default partition; a month whose rows are there already stays there.
create or replace function fleet_make_partitions(p_ahead integer) returns integer
language plpgsql security definer
set search_path = public, pg_temp
set timezone = 'UTC'
as $$
declare
  v_month timestamptz;
  v_table text;
  v_name text;
  v_made integer := 0;
begin
  perform pg_advisory_xact_lock(hashtext('fleet_make_partitions'));
  foreach v_table in array array['run', 'outcome'] loop
    for v_month in
      select generate_series(date_trunc('month', app_now()),
                             date_trunc('month', app_now()) + make_interval(months => p_ahead), '1 month')
    loop
      v_name := format('%s_%s', v_table, to_char(v_month, 'YYYYMM'));
      continue when to_regclass(quote_ident(v_name)) is not null;
      begin
        execute format('create table %I partition of %I for values from (%L) to (%L)', v_name, v_table,
          uuid_at(v_month), uuid_at(v_month + interval '1 month'));
        execute format('alter table %I enable row level security', v_name);
        execute format('alter table %I force row level security', v_name);
        v_made := v_made + 1;
      exception when check_violation then
        raise warning 'rows of % are in the default partition of %', v_name, v_table;
      end;
    end loop;
  end loop;
  return v_made;
end $$;
