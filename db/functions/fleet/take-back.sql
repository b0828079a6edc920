-- Takes leases away from workers that are lost, replaced or revoked, each only if it is still the one
-- that was seen. A run goes back to the queue under a new number, or fails when it has had its attempts.
-- `p_burn`: whether the attempt counts; it does unless the worker never had the run.
-- `p_class`: worker_lost or timeout, for the run's retry policy. `how`: requeued, put_off, failed, cancelled.
create or replace function fleet_take_back(
  p_run_ids uuid[], p_epochs bigint[], p_error text, p_burn boolean, p_class text
) returns table (run_id uuid, sq integer, prio smallint, how text)
language plpgsql
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_orgs text;
begin
  select string_agg(distinct q.org_id::text, ',') into v_orgs
  from unnest(p_run_ids) as g(id) join lease l on l.run_id = g.id join subqueue q on q.sq = l.sq;
  if v_orgs is null then
    return;
  end if;
  perform set_config('sagewai.orgs', v_orgs, true);

  return query
  with held as materialized (
    select l.* from (
      select g.* from unnest(p_run_ids, p_epochs) as g(run_id, epoch) order by g.run_id
    ) g cross join lateral (
      select l.* from lease l where l.run_id = g.run_id and l.epoch = g.epoch  -- F1
      for update
    ) l
  ),
  -- By key: a lease that was cancelled while this waited has another address.
  gone as (
    delete from lease l where l.run_id = any(array(select h.run_id from held h)) returning l.run_id
  ),
  delayed as materialized (
    select h.*, q.org_id, q.project_id, q.class_id,
           case when p_burn
             then fleet_retry_delay(r.retry, p_class, h.attempt, r.max_attempts, true, 0) else 0 end
             as delay_ms
    from held h
    join gone g on g.run_id = h.run_id
    join subqueue q on q.sq = h.sq
    join run r on r.run_id = h.run_id
  ),
  back as materialized (
    select d.*,
           case when d.cancel_requested_at is not null then 'cancelled'
                when d.delay_ms is null or d.delay_ms = 'Infinity' then 'failed'
                when d.delay_ms > 0 then 'put_off'
                else 'requeued' end as how
    from delayed d
  ),
  queued as (
    insert into ready (sq, prio, seq, run_id, attempt)
    select b.sq, b.prio, nextval('ready_seq'), b.run_id, b.attempt - case when p_burn then 0 else 1 end
    from back b where b.how = 'requeued'
    returning 1
  ),
  later as (
    insert into scheduled (due_at, run_id, sq, prio, attempt)
    select app_now() + make_interval(secs => b.delay_ms / 1000), b.run_id, b.sq, b.prio, b.attempt
    from back b where b.how = 'put_off'
    returning 1
  ),
  tried as (
    insert into attempt (run_id, epoch, org_id, attempt, worker_num, started_at, ended_at, error, error_class)
    select b.run_id, b.epoch, b.org_id, b.attempt, b.worker_num, b.claimed_at, app_now(), p_error, p_class
    from back b where p_burn and b.how in ('requeued', 'put_off')
  ),
  died as (
    insert into dead_letter (run_id, org_id, project_id, pool, model, cause, error, error_class, attempts,
                             died_at)
    select b.run_id, b.org_id, b.project_id, c.pool, c.model, 'exhausted', p_error, p_class, b.attempt,
           app_now()
    from back b join match_class c on c.class_id = b.class_id
    where b.how = 'failed' and b.delay_ms is not null
  ),
  shunned as (
    insert into lost_run (run_id, worker_num, lost_at)
    select b.run_id, b.worker_num, app_now() from back b where b.flat and b.how in ('requeued', 'put_off')
    on conflict do nothing
  ),
  stored as (
    insert into outcome (run_id, org_id, project_id, status, error, worker_num, session_epoch, epoch,
                         attempt, started_at, at, error_class)
    select b.run_id, b.org_id, b.project_id, b.how,
           case b.how when 'failed'
             then format('%s; attempt %s of %s', p_error, b.attempt,
                         (select r.max_attempts from run r where r.run_id = b.run_id)) end,
           b.worker_num, b.session_epoch, b.epoch, b.attempt, b.claimed_at, app_now(),
           case b.how when 'failed' then p_class end
    from back b where b.how in ('failed', 'cancelled')
    returning 1
  ),
  recorded as materialized (
    select fleet_record(o.org_id, 'run.taken_back', o.ids, fleet_digest(o.records), o.workers) as seq
    from (
      select b.org_id, array_agg(b.run_id::text order by b.run_id) as ids,
             array_agg(b.worker_num order by b.run_id) as workers,
             string_agg(netstring(netstring(b.run_id::text) || netstring(b.epoch::text)
               || netstring(b.how)), '' order by b.run_id) as records
      from back b group by b.org_id order by b.org_id
    ) o
  )
  select b.run_id, b.sq, b.prio, b.how from back b
  where fleet_require((select count(*) from gone)
                      = (select count(*) from queued) + (select count(*) from later) + (select count(*) from stored),
                      'a lease that is taken away leaves its run somewhere')
    and fleet_require((select count(*) from recorded) >= 0, 'recorded');
end $$;
