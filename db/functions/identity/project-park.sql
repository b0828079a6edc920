-- P3. Takes away what reaches a project: look-ups of its keys, tokens and workers, paths and times of its triggers and
-- schedules; its workers are locked. May be called again for what came meanwhile. Returns how many rows.
create or replace function project_park(p_org uuid, p_project uuid) returns bigint
language plpgsql
as $$
declare
  v_part record;
  v_count bigint;
  v_sum bigint := 0;
begin
  for v_part in
    select p.name, p.which from project_parts() p
    where p.name in ('credential', 'key_rotation_due', 'schedule_due', 'trigger_due', 'trigger_path') and p.how = 'rows'
    order by p.place
  loop
    execute format(
      'with gone as (delete from %1$I where %2$s returning *)
       insert into project_parked (org_id, project_id, name, content) select $1, $2, %1$L, to_jsonb(gone) from gone',
      v_part.name, v_part.which) using p_org, p_project;
    get diagnostics v_count = row_count;
    v_sum := v_sum + v_count;
  end loop;
  insert into project_parked (org_id, project_id, name, content)
  select p_org, p_project, 'worker', jsonb_build_object('id', w.id)
  from worker w where w.org_id = p_org and w.project_id = p_project and w.state = 'approved';
  get diagnostics v_count = row_count;
  perform fleet_decide_worker(w.id, '{approved}', 'locked', 'deletion of the project')
  from worker w where w.org_id = p_org and w.project_id = p_project and w.state = 'approved';
  return v_sum + v_count;
end $$;
