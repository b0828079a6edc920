-- F8. Counts what is about to be queued against the bounds of its projects and pools; raises QF429 where
-- one is exceeded. What an idempotency key has queued before is not counted again.
create or replace function fleet_make_room(
  p_run_ids uuid[], p_orgs uuid[], p_projects uuid[], p_sqs integer[], p_keys text[]
) returns void
language plpgsql
set enable_seqscan = off
as $$
declare
  v_ids integer[];
  v_counts integer[];
  v_full dispatch_limit;
begin
  select array_agg(x.limit_id order by x.limit_id), array_agg(x.n order by x.limit_id) into v_ids, v_counts
  from (
    select d.limit_id, count(*)::integer as n
    from unnest(p_run_ids, p_orgs, p_projects, p_sqs, p_keys) as g(run_id, org_id, project_id, sq, key)
    join subqueue q on q.sq = g.sq
    join match_class c on c.class_id = q.class_id
    join dispatch_limit d on d.org_id = g.org_id and d.max_queued is not null
      and (d.project_id is null or d.project_id = g.project_id) and (d.pool is null or d.pool = c.pool)
      and d.key is null
    where g.key is null
       or (select k.run_id from run_key k
           where k.org_id = g.org_id and k.project_id = g.project_id and k.key = g.key) = g.run_id
    group by d.limit_id
  ) x;
  if v_ids is null then
    return;
  end if;
  perform from dispatch_limit d where d.limit_id = any(v_ids) order by d.limit_id for update;  -- F8
  select d.* into v_full
  from unnest(v_ids, v_counts) as x(limit_id, n) join dispatch_limit d on d.limit_id = x.limit_id
  where d.queued + x.n > d.max_queued order by d.limit_id limit 1;  -- F8
  if found then
    raise exception 'fleet: the queue is full' using errcode = 'QF429', detail = json_build_object(
      'pool', v_full.pool, 'projectId', v_full.project_id, 'max', v_full.max_queued,
      'queued', v_full.queued)::text;
  end if;
  update dispatch_limit d set queued = d.queued + x.n
  from unnest(v_ids, v_counts) as x(limit_id, n) where d.limit_id = x.limit_id;
end $$;
