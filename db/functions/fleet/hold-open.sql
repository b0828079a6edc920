-- C1, C2. Keeps a run from ending until this transaction is over, so that what is submitted under it is found
-- by whoever ends it. Null; or why nothing may be submitted under it: ended, or lost (the lease that the
-- epoch names).
create or replace function fleet_hold_open(p_run run, p_epoch bigint) returns text
language plpgsql
set enable_seqscan = off
as $$
declare
  v_lease lease;
begin
  -- It may be claimed or queued again between two looks; it cannot be so for ever.
  for i in 1..20 loop
    if exists (select from outcome o where o.run_id = p_run.run_id) then
      return case when p_epoch is null then 'ended' else 'lost' end;
    end if;
    select l.* into v_lease from lease l where l.run_id = p_run.run_id for share;
    if found then
      return case when v_lease.cancel_requested_at is not null then 'ended'
                  when p_epoch is not null and v_lease.epoch <> p_epoch then 'lost' end;
    end if;
    if p_epoch is not null then
      return 'lost';
    end if;
    perform from ready r
    where r.sq = p_run.sq and r.prio = p_run.prio and r.seq = p_run.seq and r.run_id = p_run.run_id for share;
    if found then return null; end if;
    perform from scheduled s where s.run_id = p_run.run_id for share;
    if found then return null; end if;
    perform from waiting w where w.run_id = p_run.run_id for share;
    if found then return null; end if;
    perform from ready r where r.sq = p_run.sq and r.prio = p_run.prio and r.run_id = p_run.run_id for share;
    if found then return null; end if;
  end loop;
  raise exception 'fleet: run % is nowhere', p_run.run_id using errcode = 'assert_failure';
end $$;
