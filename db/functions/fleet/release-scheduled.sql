-- Puts what is due back into the queue.
create or replace function fleet_release_scheduled(p_limit integer) returns table (sq integer, prio smallint, runs integer)
language sql
set enable_seqscan = off
as $$
  with due as (
    delete from scheduled where ctid = any(array(
      select s.ctid from scheduled s where s.due_at <= app_now()
      order by s.due_at limit p_limit for update skip locked))
    returning *
  ), queued as (
    insert into ready (sq, prio, seq, run_id, attempt)
    select sq, prio, nextval('ready_seq'), run_id, attempt from due
    returning sq, prio
  )
  select sq, prio, count(*)::integer from queued group by sq, prio
$$;
