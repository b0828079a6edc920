-- Counts what limits hold back, apart from what waits for a worker: more workers would not run it.
create or replace function fleet_count_held() returns void
language plpgsql
as $$
begin
  with waiting as materialized (
    select c.pool, c.model, q.org_id, q.project_id, q.sq, q.key_limit, coalesce(r.runs, 0) as runs, h.waited_ms
    from subqueue q
    join match_class c on c.class_id = q.class_id
    left join (select sq, count(*) as runs from ready group by sq) r on r.sq = q.sq
    left join (select sq, max(waited_ms) as waited_ms from fleet_nonempty() group by sq) h on h.sq = q.sq
  ),
  -- What a limit lets start is given to the subqueues under it in their order.
  bounded as (
    select w.sq, l.held,
           greatest(0, least(w.runs, l.room - (sum(w.runs) over (partition by d.limit_id order by w.sq) - w.runs)))
             as open
    from waiting w
    join dispatch_limit d on d.org_id = w.org_id
      and (d.paused or d.max_running is not null or d.starts_max is not null)
      and (d.limit_id = w.key_limit
           or (d.key is null and (d.project_id is null or d.project_id = w.project_id)
               and (d.pool is null or d.pool = w.pool)))
    cross join lateral fleet_limit_left(d) l
    where w.runs > 0
  ),
  tightest as materialized (
    select distinct on (b.sq) b.sq, b.held, b.open from bounded b order by b.sq, b.open, b.held
  ),
  counted as materialized (
    select w.*, coalesce(t.open, w.runs) as open, w.runs - coalesce(t.open, w.runs) as blocked, t.held
    from waiting w left join tightest t on t.sq = w.sq
  ),
  kept as (
    insert into backlog_count as b (org_id, pool, project_id, pending, paused, cap, rate, oldest_at, counted_at)
    select c.org_id, c.pool, c.project_id, sum(c.open),
           coalesce(sum(c.blocked) filter (where c.held = 'paused'), 0),
           coalesce(sum(c.blocked) filter (where c.held = 'cap'), 0),
           coalesce(sum(c.blocked) filter (where c.held = 'rate'), 0),
           app_now() - make_interval(secs => max(c.waited_ms) / 1000), app_now()
    from counted c
    group by c.org_id, c.pool, c.project_id order by c.org_id, c.pool, c.project_id
    on conflict (org_id, pool, project_id) do update
    set pending = excluded.pending, paused = excluded.paused, cap = excluded.cap, rate = excluded.rate,
        oldest_at = excluded.oldest_at, counted_at = excluded.counted_at
  )
  update pending_count p
  set pending = greatest(0, p.pending - b.blocked), blocked_by_quota = b.blocked,
      unmatchable = least(p.unmatchable, greatest(0, p.pending - b.blocked))
  from (
    select c.org_id, c.pool, c.model, sum(c.blocked) as blocked
    from counted c group by c.org_id, c.pool, c.model
  ) b
  where p.org_id = b.org_id and p.pool = b.pool and p.model = b.model
    and (b.blocked > 0 or p.blocked_by_quota > 0);
end $$;
