-- Which (subqueue, priority) has something, and for how long its head has waited: one index seek each,
-- however long they are (F4). A run id begins with the time of its submission.
create or replace function fleet_nonempty() returns table (sq integer, prio smallint, waited_ms double precision)
language sql
set enable_seqscan = off
set enable_bitmapscan = off
as $$
  with recursive pair as (
    (select r.sq, r.prio, r.run_id from ready r order by r.sq, r.prio, r.seq limit 1)
    union all
    select x.sq, x.prio, x.run_id from pair p cross join lateral (
      select r.sq, r.prio, r.run_id from ready r where (r.sq, r.prio) > (p.sq, p.prio)
      order by r.sq, r.prio, r.seq limit 1
    ) x
  )
  select pair.sq, pair.prio,
    greatest(0, extract(epoch from app_now() - fleet_submitted_at(pair.run_id)) * 1000)::double precision
  from pair
$$;
