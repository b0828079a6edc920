-- A3. Ends a call with its entry in the audit log, in one statement.
create or replace function action_finish_call(
  p_org uuid, p_id uuid, p_attempt integer, p_state text, p_error text, p_message text, p_result text,
  p_digest text, p_bytes integer, p_is_blob boolean, p_keep_ms double precision, p_actor text, p_details text
) returns table (how text, state text)
language plpgsql
as $$
#variable_conflict use_column
begin
  perform set_config('sagewai.orgs', p_org::text, true);
  select e.how, e.state into how, state from action_end_call(
    p_org, p_id, p_attempt, p_state, p_error, p_message, p_result, p_digest, p_bytes, p_is_blob, p_keep_ms) e;
  if how is null then
    return;
  end if;
  perform audit_append(p_org, p_actor, case how when 'ended' then 'tool.called' else 'tool.answered_late' end,
    'tool_call:' || p_id, 'ok', '', p_details);
  return next;
end $$;
