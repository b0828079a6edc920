-- From a month a partition to a day: what is old is then dropped by the day.

create table project_retention (
  project_id uuid primary key,
  org_id uuid not null,
  days integer not null,
  foreign key (org_id, project_id) references project (org_id, id),
  constraint a_project_keeps_something check (days > 0)
);
call tenant_table('project_retention');

-- A month without rows gives way to its days. One with rows ends tomorrow, and is dropped as a whole later:
-- nothing is copied, however much there is. Run and outcome have the same bounds, so that no run can
-- outlive its outcome.
do $$
declare
  v_month record;
  v_table text;
  v_last uuid;
  v_used boolean;
  v_cut timestamptz;
  v_more uuid;
begin
  set local timezone = 'UTC';
  for v_month in
    select substr(c.relname, 5) as yyyymm, to_date(substr(c.relname, 5), 'YYYYMM')::timestamptz as start
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'run'::regclass and c.relname ~ '^run_\d{6}$' order by 1
  loop
    v_used := false;
    v_last := uuid_at(app_now());
    foreach v_table in array array['run', 'outcome'] loop
      -- Its policy shows nothing to anybody; the owner may look for this once.
      execute format('alter table %I no force row level security', v_table || '_' || v_month.yyyymm);
      execute format('select run_id from %I order by run_id desc limit 1', v_table || '_' || v_month.yyyymm)
        into v_more;
      execute format('alter table %I force row level security', v_table || '_' || v_month.yyyymm);
      v_used := v_used or v_more is not null;
      v_last := greatest(v_last, v_more);
    end loop;
    v_cut := date_trunc('day', to_timestamp(
      ('x' || lpad(substr(replace(v_last::text, '-', ''), 1, 12), 16, '0'))::bit(64)::bigint / 1000.0))
      + interval '1 day';
    foreach v_table in array array['run', 'outcome'] loop
      if not v_used then
        execute format('drop table %I', v_table || '_' || v_month.yyyymm);
      elsif v_cut > v_month.start and v_cut < v_month.start + interval '1 month' then
        execute format('alter table %I detach partition %I', v_table, v_table || '_' || v_month.yyyymm);
        execute format('alter table %I attach partition %I for values from (%L) to (%L)', v_table,
          v_table || '_' || v_month.yyyymm, uuid_at(v_month.start), uuid_at(v_cut));
      end if;
    end loop;
  end loop;
end $$;

-- The days of the next week; a job goes on from there.
do $$
declare
  v_day timestamptz;
  v_table text;
  v_name text;
begin
  set local timezone = 'UTC';
  for v_day in
    select generate_series(date_trunc('day', app_now()), date_trunc('day', app_now()) + interval '7 days', '1 day')
  loop
    foreach v_table in array array['run', 'outcome', 'attempt'] loop
      v_name := format('%s_%s', v_table, to_char(v_day, 'YYYYMMDD'));
      begin
        execute format('create table %I partition of %I for values from (%L) to (%L)', v_name, v_table,
          uuid_at(v_day), uuid_at(v_day + interval '1 day'));
        execute format('alter table %I enable row level security', v_name);
        execute format('alter table %I force row level security', v_name);
      exception
        when invalid_object_definition then null; -- a month has it
        when check_violation then null; -- the default partition has rows of it; the job moves them
      end;
    end loop;
  end loop;
end $$;
