-- Leases of attempts that take longer than their run allows. From the leases, which are few: a timeout
-- of a run that is not being worked on is not looked at.
create or replace function fleet_overdue(p_limit integer) returns table (run_id uuid, epoch bigint)
language sql
set enable_hashjoin = off
set enable_mergejoin = off
as $$
  select l.run_id, l.epoch
  from lease l join run_timeout t on t.run_id = l.run_id
  where l.claimed_at < app_now() - make_interval(secs => t.timeout_ms / 1000.0)
  order by l.run_id limit p_limit
$$;
