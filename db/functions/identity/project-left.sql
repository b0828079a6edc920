-- What still stands of a project, by part of some kinds; of what is kept, how much that is.
create or replace function project_left(p_org uuid, p_project uuid, p_how text[])
returns table (name text, how text, which text, count bigint)
language plpgsql security definer
set search_path = public, pg_temp
as $$
declare
  v_part record;
  v_count bigint;
begin
  if not p_org = any(visible_orgs()) then
    return;
  end if;
  for v_part in
    select p.name, p.how, p.which,
      case when p.how in ('rows', 'awaited') then p.which else 'org_id = $1 and project_id = $2' end as condition
    from project_parts() p
    where p.how = any(p_how) and (p.how <> 'run' or exists (
      select from pg_attribute a where a.attrelid = p.name::regclass and a.attname = 'project_id'))
    order by p.place
  loop
    execute format('select count(*) from %I where %s', v_part.name, v_part.condition)
    into v_count using p_org, p_project;
    if v_count > 0 or v_part.how = 'kept' then
      name := v_part.name;
      how := v_part.how;
      which := v_part.which;
      count := v_count;
      return next;
    end if;
  end loop;
end $$;
revoke execute on function project_left(uuid, uuid, text[]) from public;
grant execute on function project_left(uuid, uuid, text[]) to sagewai_request;
