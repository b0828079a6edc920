-- Cancels one run, and nothing under it. As `fleet_cancel`.
create or replace function fleet_cancel_one(p_run_id uuid) returns text
language plpgsql
set enable_seqscan = off
as $$
declare
  v_run run;
begin
  select * into v_run from run where run_id = p_run_id;
  if not found then
    return null;
  end if;
  -- A run may be claimed or queued again between two looks; it cannot be so for ever.
  for i in 1..20 loop
    if exists (select from outcome where run_id = p_run_id) then
      return 'ended';
    end if;
    update lease set cancel_requested_at = coalesce(cancel_requested_at, app_now())
    where run_id = p_run_id;
    if found then
      return 'requested';
    end if;
    if fleet_unqueue(p_run_id, v_run.sq, v_run.prio, v_run.seq) then
      insert into outcome (run_id, org_id, project_id, status, error, attempt, at)
      values (p_run_id, v_run.org_id, v_run.project_id, 'cancelled', 'cancelled before a worker took it',
              0, app_now());
      return 'cancelled';
    end if;
  end loop;
  raise exception 'fleet: run % is nowhere', p_run_id using errcode = 'assert_failure';
end $$;
