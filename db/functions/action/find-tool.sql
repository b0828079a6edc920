-- By its name as a project sees it: its own goes before that of all projects. A transaction of its own, in one
-- statement: whoever calls a tool waits for every round trip.
create or replace function action_find_tool(p_org uuid, p_project uuid, p_name text) returns setof tool
language plpgsql
as $$
begin
  perform set_config('sagewai.orgs', p_org::text, true);
  return query
    select t.* from tool t
    where t.org_id = p_org and lower(t.name) = lower(p_name)
      and (t.project_id is null or t.project_id = p_project)
    order by t.project_id nulls last limit 1;
end $$;
