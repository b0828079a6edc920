-- Runs that wait for a person or a signal give up their leases, each only if the session has it (F1). The
-- attempt does not count. `how`: waiting, resumed (its signal was there already, and it is queued again),
-- cancelled, repeated (the same lease had begun this wait) or lost. At most one wait a run.
create or replace function fleet_wait(
  p_run_ids uuid[], p_orgs uuid[], p_workers integer[], p_sessions bigint[], p_epochs bigint[],
  p_kinds text[], p_names text[], p_prompts text[], p_timeouts_ms double precision[]
) returns table (n bigint, how text, sq integer, prio smallint)
language plpgsql
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_wait record;
  v_lease record;
  v_signal run_signal;
  v_hows text[] := '{}';
  v_orgs uuid[] := '{}';
  v_runs uuid[] := '{}';
  v_epochs bigint[] := '{}';
begin
  perform set_config('sagewai.orgs',
    array_to_string(array(select distinct o from unnest(p_orgs) as o), ','), true);

  for v_wait in
    select g.* from unnest(p_run_ids, p_orgs, p_workers, p_sessions, p_epochs, p_kinds, p_names, p_prompts,
                           p_timeouts_ms)
      with ordinality as g(run_id, org_id, worker_num, session_epoch, epoch, kind, name, prompt,
                           timeout_ms, n)
    order by g.run_id
  loop
    n := v_wait.n;
    select l.*, q.project_id into v_lease
    from lease l join subqueue q on q.sq = l.sq and q.org_id = v_wait.org_id
    where l.run_id = v_wait.run_id and l.epoch = v_wait.epoch                               -- F1
      and l.worker_num = v_wait.worker_num and l.session_epoch = v_wait.session_epoch       -- F1
    for update of l;
    if not found then
      how := case when exists (
        select from run_wait w where w.run_id = v_wait.run_id and w.epoch = v_wait.epoch
      ) then 'repeated' else 'lost' end;
      sq := null; prio := null;
      return next;
      continue;
    end if;
    sq := v_lease.sq;
    prio := v_lease.prio;

    -- W1. Waits and signals of one run take turns here: none can miss the other.
    insert into run_wait (run_id, org_id, epoch, changed_at)
    values (v_wait.run_id, v_wait.org_id, 0, app_now()) on conflict do nothing;
    perform from run_wait w where w.run_id = v_wait.run_id for update;
    delete from lease l where l.run_id = v_wait.run_id;

    if v_lease.cancel_requested_at is not null then
      how := 'cancelled';
      insert into outcome (run_id, org_id, project_id, status, worker_num, session_epoch, epoch, attempt,
                           started_at, at)
      values (v_wait.run_id, v_wait.org_id, v_lease.project_id, 'cancelled', v_lease.worker_num,
              v_lease.session_epoch, v_lease.epoch, v_lease.attempt, v_lease.claimed_at, app_now());
    else
      v_signal := null;
      if v_wait.kind = 'signal' then
        delete from run_signal s where s.run_id = v_wait.run_id and s.seq = (
          select min(f.seq) from run_signal f where f.run_id = v_wait.run_id and f.name = v_wait.name)
        returning s.* into v_signal;
      end if;
      update run_wait w set
        epoch = v_wait.epoch, kind = v_wait.kind, name = v_wait.name, prompt = v_wait.prompt,
        changed_at = app_now(),
        resume = case when v_signal.name is not null then json_build_object('kind', 'signal',
          'name', v_signal.name, 'value', v_signal.value, 'by', v_signal.sent_by) end
      where w.run_id = v_wait.run_id;
      if v_signal.name is not null then
        how := 'resumed';
        insert into ready (sq, prio, seq, run_id, attempt)
        values (v_lease.sq, v_lease.prio, nextval('ready_seq'), v_wait.run_id, v_lease.attempt - 1);
      else
        how := 'waiting';
        insert into waiting (run_id, epoch, sq, prio, attempt, since, due_at, for_children)
        values (v_wait.run_id, v_wait.epoch, v_lease.sq, v_lease.prio, v_lease.attempt - 1, app_now(),
                app_now() + make_interval(secs => v_wait.timeout_ms / 1000.0), v_wait.kind = 'children');
      end if;
    end if;
    v_hows := v_hows || how;
    v_orgs := v_orgs || v_wait.org_id;
    v_runs := v_runs || v_wait.run_id;
    v_epochs := v_epochs || v_wait.epoch;
    return next;
  end loop;

  perform fleet_record(o.org_id, 'run.waiting', o.ids, fleet_digest(o.records))
  from (
    select e.org_id, array_agg(e.run_id::text order by e.run_id) as ids,
           string_agg(netstring(netstring(e.run_id::text) || netstring(e.epoch::text)
             || netstring(e.how)), '' order by e.run_id) as records
    from unnest(v_orgs, v_runs, v_epochs, v_hows) as e(org_id, run_id, epoch, how)
    group by e.org_id order by e.org_id
  ) o;
end $$;
