-- Which of these polls, by their place, have been given runs before (F6).
create or replace function fleet_given(p_workers integer[], p_sessions bigint[], p_polls uuid[])
returns setof bigint
language plpgsql
set enable_seqscan = off
as $$
begin
  -- F6. The same poll may be claiming on another replica just now: it is waited for, and seen after.
  perform pg_advisory_xact_lock(7302, w.num)
  from (select distinct p.num from unnest(p_workers) as p(num) order by 1) w;
  return query
  select p.n from unnest(p_workers, p_sessions, p_polls) with ordinality as p(num, session, poll, n)
  where exists (
    select from lease l
    where l.worker_num = p.num and l.poll_id = p.poll and l.session_epoch = p.session
  )
  order by p.n;
end $$;
