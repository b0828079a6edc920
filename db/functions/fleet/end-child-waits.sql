-- Queues again what waited for its children, when none of them is left; its next claim is told so.
create or replace function fleet_end_child_waits(p_limit integer)
returns table (run_id uuid, sq integer, prio smallint)
language plpgsql
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_done record;
  v_orgs text;
  v_ended_orgs uuid[] := '{}';
  v_ended_runs uuid[] := '{}';
  v_ended_epochs bigint[] := '{}';
begin
  select string_agg(distinct q.org_id::text, ',') into v_orgs
  from waiting w join subqueue q on q.sq = w.sq where w.for_children;
  if v_orgs is null then
    return;
  end if;
  perform set_config('sagewai.orgs', v_orgs, true);

  for v_done in
    select w.run_id, w.epoch, q.org_id, w.sq, w.prio, w.attempt
    from waiting w join subqueue q on q.sq = w.sq and q.org_id = any(visible_orgs())
    where w.for_children and not exists (
      select from run_child c
      where c.parent_run_id = w.run_id and not exists (select from outcome o where o.run_id = c.run_id))
    order by w.run_id limit p_limit
  loop
    -- W1. First the wait, then its place, as whoever resumes it.
    perform from run_wait w where w.run_id = v_done.run_id for update;
    delete from waiting w where w.run_id = v_done.run_id and w.epoch = v_done.epoch;
    continue when not found;
    update run_wait w set changed_at = app_now(), resume = json_build_object('kind', 'children',
      'name', w.name, 'value', null, 'by', null)
    where w.run_id = v_done.run_id;
    insert into ready (sq, prio, seq, run_id, attempt)
    values (v_done.sq, v_done.prio, nextval('ready_seq'), v_done.run_id, v_done.attempt);
    run_id := v_done.run_id; sq := v_done.sq; prio := v_done.prio;
    v_ended_orgs := v_ended_orgs || v_done.org_id;
    v_ended_runs := v_ended_runs || v_done.run_id;
    v_ended_epochs := v_ended_epochs || v_done.epoch;
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
