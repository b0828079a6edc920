-- Whether a row belongs to a scope. The columns decide, never a list made by the caller.
create or replace function in_scope(
  p_kind text, p_scope_id text, p_org uuid, p_project uuid, p_key uuid, p_team text, p_person text,
  p_contexts text default null -- with a blank between them
) returns boolean
language sql immutable parallel safe
as $$
  select case p_kind
    when 'organization' then p_org::text = p_scope_id
    when 'project' then p_project::text = p_scope_id
    when 'key' then p_key::text = p_scope_id
    when 'team' then p_team = p_scope_id
    when 'person' then p_person = p_scope_id
    when 'context' then p_scope_id = any(string_to_array(p_contexts, ' '))
    else p_kind || ':' || p_scope_id = any(string_to_array(p_contexts, ' '))
  end
$$;
