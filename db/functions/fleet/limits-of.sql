-- The limits that bind the runs of some subqueues: of their project, pool, both, and concurrency key.
create or replace function fleet_limits_of(p_org uuid, p_sqs integer[])
returns table (sq integer, limit_id integer)
language sql stable
set enable_seqscan = off
as $$
  select q.sq, d.limit_id
  from unnest(p_sqs) as s(sq)
  join subqueue q on q.sq = s.sq
  join match_class c on c.class_id = q.class_id
  join dispatch_limit d on d.org_id = p_org
    and (d.paused or d.max_running is not null or d.max_queued is not null or d.starts_max is not null)
    and (d.limit_id = q.key_limit
         or (d.key is null and (d.project_id is null or d.project_id = q.project_id)
             and (d.pool is null or d.pool = c.pool)))
  where q.org_id = p_org
$$;
