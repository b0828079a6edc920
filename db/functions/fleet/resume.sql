-- Ends the wait of a run of the organizations that the transaction sees (W2: once), or keeps a signal that
-- nobody waits for yet. `how`: resumed, kept, full (too many are kept), idle (it does not wait for this),
-- ended, or null: there is no such run.
--
--   p_kind   approved, denied or signal
--   p_wait   only this wait; null: whichever it is
create or replace function fleet_resume(
  p_run_id uuid, p_kind text, p_name text, p_wait bigint, p_value text, p_by text, p_kept_max integer
) returns table (how text, sq integer, prio smallint, name text)
language plpgsql
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_run run;
  v_wait run_wait;
  v_place waiting;
begin
  select * into v_run from run r where r.run_id = p_run_id;
  if not found then
    return;
  end if;
  -- W1. Waits and signals of one run take turns here.
  insert into run_wait (run_id, org_id, epoch, changed_at)
  values (p_run_id, v_run.org_id, 0, app_now()) on conflict do nothing;
  select * into strict v_wait from run_wait w where w.run_id = p_run_id for update;
  name := coalesce(p_name, v_wait.name);

  if v_wait.resume is null and v_wait.kind = (case p_kind when 'signal' then 'signal' else 'approval' end)
     and v_wait.name = name and (p_wait is null or v_wait.epoch = p_wait) then
    delete from waiting w where w.run_id = p_run_id and w.epoch = v_wait.epoch returning * into v_place;
    if found then
      update run_wait w set changed_at = app_now(), resume = json_build_object('kind', p_kind,
        'name', v_wait.name, 'value', p_value::json, 'by', p_by)
      where w.run_id = p_run_id;
      insert into ready (sq, prio, seq, run_id, attempt)
      values (v_place.sq, v_place.prio, nextval('ready_seq'), p_run_id, v_place.attempt);
      how := 'resumed'; sq := v_place.sq; prio := v_place.prio;
      return next;
      return;
    end if;
  end if;

  if exists (select from outcome o where o.run_id = p_run_id) then
    how := 'ended';
  elsif p_kind <> 'signal' then
    how := 'idle';
  elsif (select count(*) from run_signal s where s.run_id = p_run_id) >= p_kept_max then
    how := 'full';
  else
    insert into run_signal (run_id, org_id, name, value, sent_by, at)
    values (p_run_id, v_run.org_id, p_name, p_value::json, p_by, app_now());
    how := 'kept';
  end if;
  return next;
end $$;
