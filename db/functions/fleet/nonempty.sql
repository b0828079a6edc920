-- Which (subqueue, priority) has something: one index seek each, however long they are (F4).
create or replace function fleet_nonempty() returns table (sq integer, prio smallint)
language sql
set enable_seqscan = off
set enable_bitmapscan = off
as $$
  with recursive pair as (
    (select r.sq, r.prio from ready r order by r.sq, r.prio limit 1)
    union all
    select x.sq, x.prio from pair p cross join lateral (
      select r.sq, r.prio from ready r where (r.sq, r.prio) > (p.sq, p.prio)
      order by r.sq, r.prio limit 1
    ) x
  )
  select pair.sq, pair.prio from pair
$$;
