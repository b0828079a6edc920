-- Ends the runs whose deadline has passed. Each is looked at once.
create or replace function fleet_expire(p_limit integer) returns table (run_id uuid, sq integer, how text)
language plpgsql
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_due record;
  v_run run;
  v_lease lease;
  v_orgs text;
  v_ended_orgs uuid[] := '{}';
  v_ended_runs uuid[] := '{}';
  v_ended_hows text[] := '{}';
  v_ended_workers integer[] := '{}';
begin
  select string_agg(distinct q.org_id::text, ',') into v_orgs
  from (select d.sq from run_deadline d where d.due_at <= app_now() order by d.due_at limit p_limit) d
  join subqueue q on q.sq = d.sq;
  if v_orgs is null then
    return;
  end if;
  perform set_config('sagewai.orgs', v_orgs, true);

  for v_due in
    with gone as (
      delete from run_deadline where ctid = any(array(
        select d.ctid from run_deadline d join subqueue q on q.sq = d.sq
        where d.due_at <= app_now() and q.org_id = any(visible_orgs())
        order by d.due_at limit p_limit for update of d skip locked))
      returning run_deadline.run_id, run_deadline.sq
    )
    select gone.run_id, gone.sq from gone order by gone.run_id
  loop
    continue when exists (select from outcome o where o.run_id = v_due.run_id);
    select * into v_run from run r where r.run_id = v_due.run_id;
    continue when not found;
    delete from lease l where l.run_id = v_due.run_id returning l.* into v_lease;
    if found then
      how := 'running';
      insert into outcome (run_id, org_id, project_id, status, error, worker_num, session_epoch, epoch,
                           attempt, started_at, at)
      values (v_run.run_id, v_run.org_id, v_run.project_id, 'failed', 'the deadline passed while it ran',
              v_lease.worker_num, v_lease.session_epoch, v_lease.epoch, v_lease.attempt,
              v_lease.claimed_at, app_now());
    elsif fleet_unqueue(v_run.run_id, v_run.sq, v_run.prio, v_run.seq) then
      how := 'queued';
      insert into outcome (run_id, org_id, project_id, status, error, attempt, at)
      values (v_run.run_id, v_run.org_id, v_run.project_id, 'failed',
              'the deadline passed before a worker took it', 0, app_now());
    else
      -- Between two tables just now: looked at again in a moment.
      insert into run_deadline (due_at, run_id, sq) values (app_now(), v_run.run_id, v_run.sq)
      on conflict do nothing;
      continue;
    end if;
    run_id := v_run.run_id;
    sq := v_run.sq;
    v_ended_orgs := v_ended_orgs || v_run.org_id;
    v_ended_runs := v_ended_runs || v_run.run_id;
    v_ended_hows := v_ended_hows || how;
    v_ended_workers := v_ended_workers || case how when 'running' then v_lease.worker_num end;
    return next;
  end loop;

  -- After the last lease: whoever reports holds its leases while it waits for the log.
  perform fleet_record(o.org_id, 'run.expired', o.ids, fleet_digest(o.records), o.workers)
  from (
    select e.org_id, array_agg(e.run_id::text order by e.run_id) as ids,
           array_agg(e.worker_num order by e.run_id) as workers,
           string_agg(netstring(netstring(e.run_id::text) || netstring(e.how)), '' order by e.run_id)
             as records
    from unnest(v_ended_orgs, v_ended_runs, v_ended_hows, v_ended_workers)
    as e(org_id, run_id, how, worker_num)
    group by e.org_id order by e.org_id
  ) o;
end $$;
