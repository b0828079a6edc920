-- E2. Retires a project's key, or notes since when nothing stands under it.
create or replace function fleet_retire_key(p_key uuid, p_grace_ms integer) returns boolean
language plpgsql
set enable_seqscan = off
as $$
declare
  v_key project_key;
begin
  select * into v_key from project_key
  where id = p_key and retiring_at is not null and retired_at is null for update;
  if not found then
    return false;
  end if;
  if exists (select from run where content_key(payload::text) is not null
               and content_key(payload::text) = p_key)
     or exists (select from outcome where coalesce(content_key(output::text), content_key(error)) is not null
                  and coalesce(content_key(output::text), content_key(error)) = p_key)
     or exists (select from attempt where content_key(error) is not null and content_key(error) = p_key)
     or exists (select from run_event
                where coalesce(content_key(text), content_key(data::text)) is not null
                  and coalesce(content_key(text), content_key(data::text)) = p_key)
     or exists (select from run_event_head
                where content_key(message) is not null and content_key(message) = p_key)
     or exists (select from schedule
                where content_key(payload::text) is not null and content_key(payload::text) = p_key)
     or exists (select from run_wait where content_key(prompt) is not null and content_key(prompt) = p_key)
     or exists (select from run_wait
                where content_key(substring(resume::text from '"value" : ("enc1\..{36}\.)')) is not null
                  and content_key(substring(resume::text from '"value" : ("enc1\..{36}\.)')) = p_key)
     or exists (select from run_signal
                where content_key(value::text) is not null and content_key(value::text) = p_key)
     or exists (select from run_step where key_id is not null and key_id = p_key)
     or exists (select from dead_letter where content_key(error) is not null and content_key(error) = p_key)
  then
    update project_key set emptied_at = null where id = p_key and emptied_at is not null;
    return false;
  end if;
  if v_key.emptied_at is null then
    update project_key set emptied_at = app_now() where id = p_key;
    return false;
  end if;
  if v_key.emptied_at > app_now() - make_interval(secs => p_grace_ms / 1000.0)
     or exists (select from lease l join subqueue q on q.sq = l.sq
                where q.project_id = v_key.project_id and l.claimed_at <= v_key.emptied_at) then
    return false;
  end if;
  update project_key set retired_at = app_now(), wrapped = null where id = p_key;
  return true;
end $$;
