-- R1. Drops the oldest partition that is older than `p_before`, of all daily tables at once, and keeps what
-- is not over or has ended since then. Null: there is none. Negative: so much would have to be kept that
-- it is not dropped.
--
-- No run of so old a day is submitted any more, so what must be kept can only become less while it is
-- looked for. That is done before anything is locked; the lock is held for what is kept alone.
create or replace function fleet_drop_day(p_before timestamptz, p_keep_max integer) returns integer
language plpgsql security definer
set search_path = public, pg_temp
as $$
declare
  v_table text;
  v_part record;
  v_other record;
  v_keep uuid[];
begin
  perform pg_advisory_xact_lock(hashtext('fleet_make_partitions'));
  select p.* into v_part from fleet_partitions('run') p
  where p.upper <= uuid_at(p_before) order by p.upper limit 1;
  if not found then
    return null;
  end if;
  perform set_config('sagewai.orgs',
    coalesce((select string_agg(d.org_id::text, ',') from organization_directory d), ''), true);

  select coalesce(array_agg(k.run_id), '{}') into v_keep from (
    select r.run_id from run r
    where r.run_id >= v_part.lower and r.run_id < v_part.upper
      and not exists (select from outcome o
                      where o.run_id = r.run_id and o.run_id >= v_part.lower and o.run_id < v_part.upper
                        and o.at < p_before)
    limit p_keep_max + 1
  ) k;
  if cardinality(v_keep) > p_keep_max then
    return -1;
  end if;

  perform set_config('lock_timeout', '2s', true);
  foreach v_table in array fleet_daily_tables() loop
    execute format('lock table %I in access exclusive mode', v_table);
  end loop;
  foreach v_table in array fleet_daily_tables() loop
    execute format('create temp table kept on commit drop as select * from %I where run_id = any($1)', v_table)
      using v_keep;
    execute format('delete from %I where run_id = any($1)', v_table) using v_keep;
    for v_other in
      select p.name from fleet_partitions(v_table) p where p.lower >= v_part.lower and p.upper <= v_part.upper
    loop
      execute format('drop table %I', v_other.name);
    end loop;
    execute format('insert into %I select * from kept', v_table);
    drop table kept;
  end loop;
  delete from dead_letter d
  where d.run_id >= v_part.lower and d.run_id < v_part.upper and d.run_id <> all(v_keep);
  delete from run_timeout t
  where t.run_id >= v_part.lower and t.run_id < v_part.upper and t.run_id <> all(v_keep);
  delete from run_child c
  where c.run_id >= v_part.lower and c.run_id < v_part.upper and c.run_id <> all(v_keep);
  delete from run_tree t
  where t.root_run_id >= v_part.lower and t.root_run_id < v_part.upper and t.root_run_id <> all(v_keep);
  return cardinality(v_keep);
end $$;
revoke execute on function fleet_drop_day(timestamptz, integer) from public;
grant execute on function fleet_drop_day(timestamptz, integer) to sagewai_dispatch;
