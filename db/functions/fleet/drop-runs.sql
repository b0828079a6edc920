-- R1. Removes some of an organization's (or one project's) runs that ended before `p_before`, oldest first.
create or replace function fleet_drop_runs(
  p_org uuid, p_project uuid, p_before timestamptz, p_limit integer
) returns integer
language plpgsql security definer
set search_path = public, pg_temp
as $$
declare
  v_table text;
  v_ended uuid[];
begin
  perform set_config('sagewai.orgs', p_org::text, true);
  select coalesce(array_agg(e.run_id), '{}') into v_ended from (
    select r.run_id from run r
    where r.org_id = p_org and r.run_id < uuid_at(p_before)
      and (p_project is null or r.project_id = p_project)
      and exists (select from outcome o where o.run_id = r.run_id and o.at < p_before)
    order by r.run_id limit p_limit
  ) e;
  foreach v_table in array fleet_daily_tables() loop
    execute format('delete from %I where run_id = any($1)', v_table) using v_ended;
  end loop;
  delete from dead_letter d where d.run_id = any(v_ended);
  delete from run_timeout t where t.run_id = any(v_ended);
  delete from run_child c where c.run_id = any(v_ended);
  delete from run_tree t where t.root_run_id = any(v_ended);
  return cardinality(v_ended);
end $$;
revoke execute on function fleet_drop_runs(uuid, uuid, timestamptz, integer) from public;
grant execute on function fleet_drop_runs(uuid, uuid, timestamptz, integer) to sagewai_dispatch;
