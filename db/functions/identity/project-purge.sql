-- P2. Deletes some of a project that is being deleted: these of its runs, with all that is of them, or some rows
-- of the first table that has any. What is deleted and what is counted commit together. No row: nothing is left.
create or replace function project_purge(p_project uuid, p_runs uuid[], p_limit integer)
returns table (name text, deleted bigint)
language plpgsql security definer
set search_path = public, pg_temp
as $$
#variable_conflict use_column
declare
  v_org uuid;
  v_part record;
  v_runs uuid[];
  v_count bigint;
begin
  select d.org_id into v_org from project_deletion d
  where d.project_id = p_project and d.state = 'deleting' and d.org_id = any(visible_orgs()) for update;
  if not found then
    raise exception 'project % is not being deleted', p_project;
  end if;
  v_runs := array(
    select r.run_id from run r where r.run_id = any(p_runs) and r.org_id = v_org and r.project_id = p_project);
  for v_part in
    select p.name, p.how, p.which, c.relkind = 'p' as is_partitioned
    from project_parts() p join pg_class c on c.oid = p.name::regclass
    where p.how = case when v_runs = '{}' then 'rows' else 'run' end order by p.place
  loop
    if v_part.how = 'run' then
      execute format('delete from %I where %I = any($1)', v_part.name, v_part.which) using v_runs;
    elsif v_part.is_partitioned then
      execute format('delete from %1$I where (tableoid, ctid) in (select tableoid, ctid from %1$I where %2$s limit $3)',
        v_part.name, v_part.which) using v_org, p_project, p_limit;
    else
      execute format('delete from %1$I where ctid = any(array(select ctid from %1$I where %2$s limit $3))',
        v_part.name, v_part.which) using v_org, p_project, p_limit;
    end if;
    get diagnostics v_count = row_count;
    if v_count > 0 then
      update project_deletion d
      set deleted = jsonb_set(d.deleted, array[v_part.name],
                              to_jsonb(coalesce((d.deleted ->> v_part.name)::bigint, 0) + v_count))
      where d.project_id = p_project;
      name := v_part.name;
      deleted := v_count;
      return next;
      if v_part.how = 'rows' then return; end if;
    end if;
  end loop;
end $$;
revoke execute on function project_purge(uuid, uuid[], integer) from public;
grant execute on function project_purge(uuid, uuid[], integer) to sagewai_request;
