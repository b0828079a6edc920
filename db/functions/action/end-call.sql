-- A3. Ends a call, if nobody has begun it since and its time is not up; what comes too late is kept as evidence. The
-- state that it is in then; null: there is no such call.
create or replace function action_end_call(
  p_org uuid, p_id uuid, p_attempt integer, p_state text, p_error text, p_message text, p_result text,
  p_digest text, p_bytes integer, p_is_blob boolean, p_keep_ms double precision
) returns table (how text, state text)
language plpgsql
as $$
#variable_conflict use_column
declare
  v_call tool_call;
begin
  select c.* into v_call from tool_call c where c.org_id = p_org and c.id = p_id for update;
  if not found then
    return;
  end if;
  if v_call.state <> 'running' or v_call.attempt <> p_attempt then                                        -- A3
    update tool_call c set late_result_digest = coalesce(c.late_result_digest, p_digest)
    where c.org_id = p_org and c.id = p_id and c.state in ('unknown', 'failed');
    how := 'late'; state := v_call.state;
    return next; return;
  end if;
  update tool_call c set state = p_state, error = p_error, message_sealed = p_message, result_sealed = p_result,
    result_digest = p_digest, result_bytes = p_bytes, is_blob = p_is_blob, ended_at = app_now(), due_at = null,
    ended_xid = pg_current_xact_id()
  where c.org_id = p_org and c.id = p_id;
  update tool_call_due d set due_at = app_now() + p_keep_ms * interval '1 millisecond' where d.call_id = p_id;
  how := 'ended'; state := p_state;
  return next;
end $$;
