-- Ends the wait for one worker of the runs whose time for it has passed: each goes to any worker, or fails.
-- `how`: moved, failed. What is with a worker, waits or is put off has its time anew: it may come back.
create or replace function fleet_reroute(p_limit integer)
returns table (run_id uuid, sq integer, prio smallint, how text, was integer)
language plpgsql
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_due record;
  v_run run;
  v_orgs text;
  v_attempt smallint;
  v_num integer;
  v_orgs_of uuid[] := '{}';
  v_runs_of uuid[] := '{}';
  v_hows_of text[] := '{}';
begin
  select string_agg(distinct q.org_id::text, ',') into v_orgs
  from (select d.sq from run_route d where d.move_at <= app_now() order by d.move_at limit p_limit) d
  join subqueue q on q.sq = d.sq;
  if v_orgs is null then
    return;
  end if;
  perform set_config('sagewai.orgs', v_orgs, true);

  for v_due in
    with gone as (
      delete from run_route where ctid = any(array(
        select d.ctid from run_route d join subqueue q on q.sq = d.sq
        where d.move_at <= app_now() and q.org_id = any(visible_orgs())
        order by d.move_at limit p_limit for update of d skip locked))
      returning run_route.*
    )
    select gone.* from gone order by gone.run_id
  loop
    continue when exists (select from outcome o where o.run_id = v_due.run_id);
    select * into v_run from run r where r.run_id = v_due.run_id;
    continue when not found;
    v_attempt := null;
    -- F1. Whoever claims it takes it out of the same place.
    delete from ready r
    where r.sq = v_due.sq and r.prio = v_run.prio and r.seq = v_run.seq and r.run_id = v_due.run_id
    returning r.attempt into v_attempt;
    if not found and not exists (select from lease l where l.run_id = v_due.run_id) then
      -- Not where it was queued first.
      delete from ready r where r.sq = v_due.sq and r.prio = v_run.prio and r.run_id = v_due.run_id
      returning r.attempt into v_attempt;
    end if;
    if v_attempt is null then
      insert into run_route (run_id, sq, move_at, wait_ms, move_to, sticky_key)
      values (v_due.run_id, v_due.sq, app_now() + v_due.wait_ms * interval '1 millisecond',
              v_due.wait_ms, v_due.move_to, v_due.sticky_key);
      continue;
    end if;
    select q.worker_num into v_num from subqueue q where q.sq = v_due.sq;
    if v_due.move_to is null then
      how := 'failed';
      sq := v_due.sq;
      insert into outcome (run_id, org_id, project_id, status, error, error_class, attempt, at)
      select v_run.run_id, v_run.org_id, v_run.project_id, 'failed',
             format('the worker %s did not take it within %s s', coalesce(w.name, '?'),
                    round(v_due.wait_ms / 1000.0, 1)), 'worker_unavailable', v_attempt, app_now()
      from (select 1) one left join worker w on w.num = v_num;
    else
      how := 'moved';
      sq := v_due.move_to;
      update run r set sq = v_due.move_to, seq = nextval('ready_seq') where r.run_id = v_run.run_id
      returning r.* into v_run;
      insert into ready (sq, prio, seq, run_id, attempt)
      values (v_run.sq, v_run.prio, v_run.seq, v_run.run_id, v_attempt);
      if v_due.sticky_key is not null then
        update sticky_key k set worker_num = null, run_id = v_run.run_id, at = app_now()
        where k.org_id = v_run.org_id and k.project_id = v_run.project_id and k.key = v_due.sticky_key
          and k.worker_num = v_num;
      end if;
    end if;
    run_id := v_run.run_id; prio := v_run.prio; was := v_due.sq;
    v_orgs_of := v_orgs_of || v_run.org_id;
    v_runs_of := v_runs_of || v_run.run_id;
    v_hows_of := v_hows_of || how;
    return next;
  end loop;

  perform fleet_record(o.org_id, 'run.rerouted', o.ids, fleet_digest(o.records))
  from (
    select e.org_id, array_agg(e.run_id::text order by e.run_id) as ids,
           string_agg(netstring(netstring(e.run_id::text) || netstring(e.how)), '' order by e.run_id)
             as records
    from unnest(v_orgs_of, v_runs_of, v_hows_of) as e(org_id, run_id, how)
    group by e.org_id order by e.org_id
  ) o;
end $$;
