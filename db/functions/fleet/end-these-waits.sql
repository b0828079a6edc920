-- Queues waits again that end, whatever ended them; the next claim of each is told so. The organizations are set.
create or replace function fleet_end_these_waits(p_kind text, p_runs uuid[], p_epochs bigint[])
returns table (run_id uuid, sq integer, prio smallint)
language plpgsql
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_wait record;
  v_ended_orgs uuid[] := '{}';
  v_ended_runs uuid[] := '{}';
  v_ended_epochs bigint[] := '{}';
begin
  for v_wait in
    select w.run_id, w.epoch, q.org_id, w.sq, w.prio, w.attempt
    from unnest(p_runs, p_epochs) e(run_id, epoch)
    join waiting w on w.run_id = e.run_id and w.epoch = e.epoch
    join subqueue q on q.sq = w.sq and q.org_id = any(visible_orgs())
    order by w.run_id
  loop
    -- W1. First the wait, then its place, as whoever resumes it.
    perform from run_wait w where w.run_id = v_wait.run_id for update;
    delete from waiting w where w.run_id = v_wait.run_id and w.epoch = v_wait.epoch;
    continue when not found;
    update run_wait w set changed_at = app_now(), resume = json_build_object('kind', p_kind,
      'name', w.name, 'value', null, 'by', null)
    where w.run_id = v_wait.run_id;
    insert into ready (sq, prio, seq, run_id, attempt)
    values (v_wait.sq, v_wait.prio, nextval('ready_seq'), v_wait.run_id, v_wait.attempt);
    run_id := v_wait.run_id; sq := v_wait.sq; prio := v_wait.prio;
    v_ended_orgs := v_ended_orgs || v_wait.org_id;
    v_ended_runs := v_ended_runs || v_wait.run_id;
    v_ended_epochs := v_ended_epochs || v_wait.epoch;
    return next;
  end loop;

  perform fleet_record(o.org_id, 'run.wait_ended', o.ids, fleet_digest(o.records))
  from (
    select e.org_id, array_agg(e.run_id::text order by e.run_id) as ids,
           string_agg(netstring(netstring(e.run_id::text) || netstring(e.epoch::text)), ''
             order by e.run_id) as records
    from unnest(v_ended_orgs, v_ended_runs, v_ended_epochs) as e(org_id, run_id, epoch)
    group by e.org_id order by e.org_id
  ) o;
end $$;
