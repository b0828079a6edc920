-- Counts the queue for the autoscaler; what was ever asked for stays, with 0. A worker counts as able
-- to serve when it was heard within `p_heard_ms`, and its probe counts for `p_probe_ms`.
--
--   p_pin_classes, p_pin_versions  which versions of workers satisfy the pins of which classes
create or replace function fleet_count_pending(
  p_heard_ms double precision, p_probe_ms double precision,
  p_pin_classes integer[] default '{}', p_pin_versions text[] default '{}'
) returns void
language plpgsql
as $$
begin
  -- What workers can do and when runs were submitted stands in tables of tenants.
  perform set_config('sagewai.orgs', coalesce((
    select string_agg(distinct q.org_id::text, ',') from subqueue q
    where exists (select from ready r where r.sq = q.sq)), ''), true);

  insert into pending_count as p (org_id, pool, model, pending, unmatchable, oldest_at, counted_at)
  select c.org_id, c.pool, c.model, coalesce(sum(l.runs), 0)::bigint,
         coalesce(sum(l.runs) filter (where not l.served), 0)::bigint, min(l.oldest_at), app_now()
  from match_class c
  left join (
    select q.class_id, w.runs, first.created_at as oldest_at,
           exists (
             select from worker k join worker_session s on s.worker_num = k.num
             left join pool_setting ps on ps.org_id = k.org_id and ps.pool = k.pool
             where k.org_id = need.org_id and k.pool = need.pool and k.state = 'approved'
               and s.draining_at is null
               and s.last_seen_at > app_now() - p_heard_ms * interval '1 millisecond'
               and (q.worker_num is null or q.worker_num = k.num)
               and (k.project_id is null or k.project_id = q.project_id)
               and (need.model = '*' or need.model = any(k.models_canonical))
               and k.labels @> need.labels
               and (need.routing is null or fleet_satisfies(k.labels, need.routing))
               and case
                 when need.routing ->> 'pin' is not null then exists (
                   select from unnest(p_pin_classes, p_pin_versions) as p(class_id, version)
                   where p.class_id = need.class_id and p.version = s.version)
                 when ps.ramp_version is null then true
                 when ps.ramp_percent in (0, 100)
                   then (s.version is not distinct from ps.ramp_version) = (ps.ramp_percent = 100)
                 else (s.version is not distinct from ps.ramp_version)
                      = (need.routing ->> 'ramped' is not distinct from ps.ramp_version) end
               and not exists (select from worker_probe b
                               where b.worker_id = k.id and need.model = any(b.sick)
                                 and b.probed_at > app_now() - p_probe_ms * interval '1 millisecond')
           ) as served
    from (select r.sq, r.prio, count(*) as runs, min(r.seq) as head from ready r group by r.sq, r.prio) w
    join subqueue q on q.sq = w.sq
    join match_class need on need.class_id = q.class_id
    left join ready h on h.sq = w.sq and h.prio = w.prio and h.seq = w.head
    left join run first on first.run_id = h.run_id
  ) l on l.class_id = c.class_id
  group by c.org_id, c.pool, c.model order by c.org_id, c.pool, c.model
  on conflict (org_id, pool, model) do update
    set pending = excluded.pending, unmatchable = excluded.unmatchable,
        oldest_at = excluded.oldest_at, counted_at = excluded.counted_at;
  perform fleet_count_held();
end $$;
