-- Counts the queue for the autoscaler; a pool that was ever asked for stays, with 0.
create or replace function fleet_count_pending() returns void
language sql
as $$
  insert into pending_count as p (pool, model, pending, counted_at)
  select c.pool, c.model, coalesce(sum(r.runs), 0)::bigint, app_now()
  from match_class c
  left join subqueue q on q.class_id = c.class_id
  left join (select sq, count(*) as runs from ready group by sq) r on r.sq = q.sq
  group by c.pool, c.model order by c.pool, c.model
  on conflict (pool, model) do update set pending = excluded.pending, counted_at = excluded.counted_at
$$;
