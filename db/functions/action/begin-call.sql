-- A2. Accepts a call, or finds the one of its key; and begins it where it is to be made now. All of it is one
-- transaction, durable before anything has an effect (A1).
--
--   how     begun: make it, as this attempt · waiting: a person decides · running: it is under way · ended ·
--           limited: in `wait_ms` there is room · conflict: the key stands for other arguments ·
--           void: the tool is not what was approved · late: nobody has decided, or made it, in time
create or replace function action_begin_call(
  p_org uuid, p_project uuid, p_id uuid, p_key bytea, p_tool uuid, p_name text, p_version integer, p_tool_digest text,
  p_mode text, p_run uuid, p_step text, p_arguments_digest text, p_sealed_key text, p_arguments text, p_by text,
  p_needs_approval boolean, p_repeatable boolean, p_timeout_ms double precision, p_decide_ms double precision,
  p_scopes text[]
) returns table (how text, id uuid, wait_ms double precision, attempt integer, sealed_key text)
language plpgsql
as $$
#variable_conflict use_column
declare
  v_call tool_call;
  v_due timestamptz;
begin
  -- A transaction of its own, in one statement, where it is not part of another one.
  perform set_config('sagewai.orgs', p_org::text, true);
  -- As it is to stay, where nobody decides: rows are written once before a call is made (A1, A3).
  insert into tool_call (org_id, id, project_id, tool_id, tool_name, tool_version, tool_digest, mode, key, run_id, step,
    state, attempt, arguments_digest, sealed_key, arguments_sealed, requested_by, due_at)
  values (p_org, p_id, p_project, p_tool, p_name, p_version, p_tool_digest, p_mode, p_key, p_run, p_step,
    case when p_needs_approval then 'waiting' else 'running' end, case when p_needs_approval then 0 else 1 end,
    p_arguments_digest, p_sealed_key, p_arguments, p_by,
    app_now() + case when p_needs_approval then p_decide_ms else p_timeout_ms end * interval '1 millisecond')
  on conflict (org_id, project_id, key) do nothing;
  -- Whoever asks for the same waits here until the other has committed (A2).
  select c.* into strict v_call from tool_call c
  where c.org_id = p_org and c.project_id = p_project and c.key = p_key for update;
  id := v_call.id;
  sealed_key := v_call.sealed_key;
  attempt := v_call.attempt;

  if v_call.arguments_digest <> p_arguments_digest or v_call.tool_id <> p_tool then                       -- A4
    how := 'conflict'; return next; return;
  end if;
  if v_call.id = p_id then
    insert into tool_call_due (call_id, org_id, due_at) values (p_id, p_org, v_call.due_at);
    if p_needs_approval then                                                                              -- A4
      how := 'waiting'; return next; return;
    end if;
  elsif v_call.state = 'waiting' then
    how := case when v_call.due_at <= app_now() then 'late' else 'waiting' end; return next; return;
  elsif v_call.state = 'approved' then
    if v_call.due_at <= app_now() then
      how := 'late'; return next; return;
    end if;
  elsif v_call.state = 'running' then
    -- Its server has died. What may be made twice is made again; what may not stays unknown. An approval is for
    -- one time (A4): what may have been made under it is made again by whoever decides that.
    if v_call.due_at > app_now() or not p_repeatable or p_needs_approval then
      how := case when v_call.due_at > app_now() then 'running' else 'lost' end; return next; return;
    end if;
  elsif v_call.state <> 'unknown' or not p_repeatable or p_needs_approval then                            -- A4
    how := 'ended'; return next; return;
  end if;
  -- What was approved is made as that, or not at all, also where it needs no approval any more.
  if (p_needs_approval or v_call.state = 'approved') and v_call.tool_digest <> p_tool_digest then         -- A4
    how := 'void'; return next; return;
  end if;

  wait_ms := action_take_rates(p_org, p_scopes);                                                          -- A6
  if wait_ms is not null then
    -- What is refused leaves nothing behind.
    if v_call.id = p_id then
      delete from tool_call_due d where d.call_id = p_id;
      delete from tool_call c where c.org_id = p_org and c.id = p_id;
    end if;
    how := 'limited'; return next; return;
  end if;
  if v_call.id = p_id then
    how := 'begun'; return next; return;
  end if;
  v_due := app_now() + p_timeout_ms * interval '1 millisecond';
  update tool_call c set state = 'running', attempt = c.attempt + 1, due_at = v_due, tool_version = p_version, -- A1, A3
    tool_digest = p_tool_digest, error = null, message_sealed = null, ended_at = null, ended_xid = null
  where c.org_id = p_org and c.id = v_call.id;
  update tool_call_due d set due_at = v_due where d.call_id = v_call.id;
  how := 'begun';
  attempt := v_call.attempt + 1;
  return next;
end $$;
