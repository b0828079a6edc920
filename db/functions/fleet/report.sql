-- Ends runs, or puts them off where the worker says that only the circumstances failed, or the run's
-- retry policy says so of the class of the error. `p_marks`: a failure that is final is a dead letter.
-- `how`: ok, requeued, repeated (the same lease had ended it) or lost.
create or replace function fleet_report(
  p_run_ids uuid[], p_orgs uuid[], p_workers integer[], p_sessions bigint[], p_epochs bigint[],
  p_statuses text[], p_outputs text[], p_errors text[], p_retries boolean[], p_backoff_ms integer,
  p_classes text[], p_marks boolean[]
) returns table (n bigint, how text, sq integer, status text, seconds double precision)
language plpgsql
set enable_seqscan = off
as $$
#variable_conflict use_column
begin
  perform set_config('sagewai.orgs',
    array_to_string(array(select distinct o from unnest(p_orgs) as o), ','), true);

  return query
  with given as materialized (
    select g.* from unnest(p_run_ids, p_orgs, p_workers, p_sessions, p_epochs, p_statuses, p_outputs,
                           p_errors, p_retries, p_classes, p_marks)
      with ordinality as g(run_id, org_id, worker_num, session_epoch, epoch, status, output, error, retry,
                           class, mark, n)
    order by g.run_id
  ),
  held as materialized (
    select g.n, g.org_id, g.status, g.output, g.error, g.retry, coalesce(g.class, 'error') as class,
           g.mark, l.*
    from given g cross join lateral (
      select l.run_id, l.epoch, l.worker_num, l.session_epoch, l.sq, l.prio, l.attempt,
             l.claimed_at, l.cancel_requested_at, q.project_id
      from lease l join subqueue q on q.sq = l.sq and q.org_id = g.org_id
      where l.run_id = g.run_id and l.worker_num = g.worker_num
        and l.session_epoch = g.session_epoch                          -- F1
        and (l.epoch = g.epoch or (g.epoch is null and l.flat))        -- F1
      for update of l
    ) l
  ),
  -- By key: a lease that was cancelled while this waited has another address.
  gone as (
    delete from lease l where l.run_id = any(array(select h.run_id from held h)) returning l.run_id
  ),
  delayed as materialized (
    select h.*,
           case when h.status = 'failed' and h.cancel_requested_at is not null then 'cancelled'
                else h.status end as ending,
           case when h.status = 'failed' and h.cancel_requested_at is null then (
             select fleet_retry_delay(r.retry, h.class, h.attempt, r.max_attempts, h.retry, p_backoff_ms)
             from run r where r.run_id = h.run_id) end as delay_ms
    from held h join gone g on g.run_id = h.run_id
  ),
  ended as materialized (
    select d.*, d.delay_ms is not null and d.delay_ms < 'Infinity' as again from delayed d
  ),
  stored as (
    insert into outcome (run_id, org_id, project_id, status, output, error, worker_num, session_epoch,
                         epoch, attempt, started_at, at, error_class)
    select e.run_id, e.org_id, e.project_id, e.ending, e.output::json, e.error, e.worker_num,
           e.session_epoch, e.epoch, e.attempt, e.claimed_at, app_now(),
           case e.ending when 'failed' then e.class end
    from ended e where not e.again
    returning 1
  ),
  later as (
    insert into scheduled (due_at, run_id, sq, prio, attempt)
    select app_now() + make_interval(secs => e.delay_ms / 1000), e.run_id, e.sq, e.prio, e.attempt
    from ended e where e.again
    returning 1
  ),
  tried as (
    insert into attempt (run_id, epoch, org_id, attempt, worker_num, started_at, ended_at, error, error_class)
    select e.run_id, e.epoch, e.org_id, e.attempt, e.worker_num, e.claimed_at, app_now(),
           left(e.error, 32768), e.class
    from ended e where e.again
  ),
  died as (
    insert into dead_letter (run_id, org_id, project_id, pool, model, cause, error, error_class, attempts,
                             died_at)
    select e.run_id, e.org_id, e.project_id, c.pool, c.model,
           case when e.delay_ms is null then 'marked' else 'exhausted' end,
           left(e.error, 32768), e.class, e.attempt, app_now()
    from ended e join subqueue q on q.sq = e.sq join match_class c on c.class_id = q.class_id
    where e.ending = 'failed' and not e.again and (e.mark or e.delay_ms is not null)
  ),
  recorded as materialized (
    select fleet_record(o.org_id, 'run.reported', o.ids, fleet_digest(o.records), o.workers) as seq
    from (
      select e.org_id, array_agg(e.run_id::text order by e.run_id) as ids,
             array_agg(e.worker_num order by e.run_id) as workers,
             string_agg(netstring(e.record), '' order by e.run_id) as records
      from (
        -- `offset 0`: a function of a function is called, one of a column is inlined.
        select e.*, netstring(e.run_id::text) || netstring(e.epoch::text)
               || netstring(case when e.again then 'requeued' else e.ending end) as record
        from ended e offset 0
      ) e group by e.org_id order by e.org_id
    ) o
  )
  select g.n,
         case when e.again then 'requeued' when e.run_id is not null then 'ok'
              when exists (
                select from outcome o
                where o.run_id = g.run_id and o.worker_num = g.worker_num
                  and (o.epoch = g.epoch or (g.epoch is null and o.session_epoch = g.session_epoch))
                  and o.status in (g.status, 'cancelled')
              ) then 'repeated' else 'lost' end,
         e.sq, e.ending, extract(epoch from app_now() - e.claimed_at)::double precision
  from given g
  left join ended e on e.n = g.n
  -- F2. A run whose lease is removed is somewhere else afterwards.
  where fleet_require((select count(*) from gone)
                      = (select count(*) from stored) + (select count(*) from later),
                      'a report removes no lease whose run it does not end or put off')
    and fleet_require((select count(*) from recorded) >= 0, 'recorded');
end $$;
