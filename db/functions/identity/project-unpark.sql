-- P3. Brings back what was taken away.
create or replace function project_unpark(p_org uuid, p_project uuid) returns void
language plpgsql
as $$
declare
  v_name text;
begin
  foreach v_name in array array['credential', 'key_rotation_due', 'schedule_due', 'trigger_due', 'trigger_path'] loop
    execute format(
      'insert into %1$I select (jsonb_populate_record(null::%1$I, p.content)).* from project_parked p
       where p.org_id = $1 and p.project_id = $2 and p.name = %1$L on conflict do nothing',
      v_name) using p_org, p_project;
  end loop;
  perform fleet_decide_worker((p.content ->> 'id')::uuid, '{locked}', 'approved', 'deletion taken back')
  from project_parked p where p.org_id = p_org and p.project_id = p_project and p.name = 'worker';
  delete from project_parked p where p.org_id = p_org and p.project_id = p_project;
end $$;
