-- Takes a run that is queued or waits out of its place; true when it was there.
create or replace function fleet_unqueue(p_run_id uuid, p_sq integer, p_prio smallint, p_seq bigint) returns boolean
language plpgsql
set enable_seqscan = off
as $$
begin
  -- Its first place is known; a run that was queued again is looked for in its subqueue.
  delete from ready where sq = p_sq and prio = p_prio and seq = p_seq and run_id = p_run_id;
  if found then return true; end if;
  delete from scheduled where run_id = p_run_id;
  if found then return true; end if;
  delete from waiting where run_id = p_run_id;
  if found then return true; end if;
  if exists (select from lease where run_id = p_run_id) then return false; end if;
  delete from ready where sq = p_sq and prio = p_prio and run_id = p_run_id;
  return found;
end $$;
