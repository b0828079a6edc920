-- F2. Stores runs and queues them, or puts them off. `how`: new, same (the key was used for the same
-- request, or the dead letter was redriven before), conflict, or why it cannot be a child (`fleet_adopt`).
--
--   p_plans  null, or {run_at | delay_ms, timeout_ms, no_progress_ms, retry, redrive_of,
--            route: {wait_ms, move_to, sticky_key}, parent: {…}}
create or replace function fleet_submit(
  p_run_ids uuid[], p_orgs uuid[], p_projects uuid[], p_sqs integer[], p_prios smallint[],
  p_models text[], p_max_attempts smallint[], p_deadlines timestamptz[], p_payloads text[],
  p_actors text[], p_keys text[], p_hashes text[], p_plans text[], p_key_limits integer[]
) returns table (n bigint, run_id uuid, how text)
language plpgsql
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_adopted record;
  v_refused text[];
begin
  perform set_config('sagewai.orgs',
    array_to_string(array(select distinct o from unnest(p_orgs) as o), ','), true);

  -- In one order, so that two batches with the same keys queue instead of deadlocking.
  insert into run_key (org_id, project_id, key, run_id, request_hash, created_at)
  select g.org_id, g.project_id, g.key, g.run_id, g.hash, app_now()
  from unnest(p_run_ids, p_orgs, p_projects, p_keys, p_hashes)
    with ordinality as g(run_id, org_id, project_id, key, hash, n)
  where g.key is not null
  order by g.org_id, g.project_id, g.key, g.n
  on conflict do nothing;

  -- A dead letter has one run that repeats it, whoever asks and however often.
  if num_nonnulls(variadic p_plans) > 0 then
    update dead_letter d set redriven_by = g.run_id
    from unnest(p_run_ids, p_plans) as g(run_id, plan)
    where d.run_id = (g.plan::jsonb ->> 'redrive_of')::uuid
      and d.redriven_by is null and d.discarded_at is null;
    if exists (select from unnest(p_plans) as g(plan) where g.plan::jsonb ? 'parent') then
      select * into v_adopted
      from fleet_adopt(p_run_ids, p_orgs, p_projects, p_sqs, p_keys, p_plans, p_deadlines);
      p_deadlines := v_adopted.deadlines;
      v_refused := v_adopted.refused;
    end if;
  end if;

  -- F7. The limit of a concurrency key is that of the last submission that names it.
  if array_remove(p_key_limits, null) <> '{}' then
    update dispatch_limit d set max_running = g.key_limit
    from (
      select distinct on (q.key_limit) q.key_limit as limit_id, g.key_limit
      from unnest(p_sqs, p_key_limits) with ordinality as g(sq, key_limit, n)
      join subqueue q on q.sq = g.sq
      where g.key_limit is not null order by q.key_limit, g.n desc
    ) g
    where d.limit_id = g.limit_id and d.max_running <> g.key_limit;
  end if;
  -- F8. A full queue takes nothing: the whole transaction ends here.
  if exists (select from dispatch_limit d where d.org_id = any(p_orgs) and d.max_queued is not null) then
    perform fleet_make_room(p_run_ids, p_orgs, p_projects, p_sqs, p_keys);
  end if;

  return query
  with given as materialized (
    select g.*, coalesce(k.run_id, g.redriven_by) as kept, k.request_hash as kept_hash,
           (g.key is null or k.run_id = g.run_id)
             and (g.plan is null or g.plan::jsonb ->> 'redrive_of' is null or g.redriven_by = g.run_id)
             is true and g.refused is null as fresh
    from (
      select g.*, v_refused[g.n] as refused, case when g.plan is not null then (
               select d.redriven_by from dead_letter d
               where d.run_id = (g.plan::jsonb ->> 'redrive_of')::uuid) end as redriven_by
      from unnest(p_run_ids, p_orgs, p_projects, p_sqs, p_prios, p_models, p_max_attempts, p_deadlines,
                  p_payloads, p_actors, p_keys, p_hashes, p_plans)
        with ordinality as g(run_id, org_id, project_id, sq, prio, model, max_attempts, deadline_at,
                             payload, actor, key, hash, plan, n)
    ) g
    left join lateral (
      select k.run_id, k.request_hash from run_key k
      where k.org_id = g.org_id and k.project_id = g.project_id and k.key = g.key
    ) k on g.key is not null
  ),
  fresh as materialized (
    select given.*, nextval('ready_seq') as seq, given.plan::jsonb as how_to_run,
           coalesce((given.plan::jsonb ->> 'run_at')::timestamptz,
                    app_now() + (given.plan::jsonb ->> 'delay_ms')::bigint * interval '1 millisecond')
             as run_at
    from given where given.fresh order by given.n
  ),
  stored as (
    insert into run (run_id, org_id, project_id, sq, prio, seq, model, max_attempts, deadline_at,
                     submitted_by, created_at, payload, run_at, timeout_ms, retry, redrive_of)
    select f.run_id, f.org_id, f.project_id, f.sq, f.prio, f.seq, f.model, f.max_attempts,
           f.deadline_at, f.actor, app_now(), f.payload::json, f.run_at,
           (f.how_to_run ->> 'timeout_ms')::integer, f.how_to_run -> 'retry',
           (f.how_to_run ->> 'redrive_of')::uuid
    from fresh f
  ),
  queued as (
    insert into ready (sq, prio, seq, run_id, attempt)
    select f.sq, f.prio, f.seq, f.run_id, 0 from fresh f where f.run_at is null or f.run_at <= app_now()
  ),
  put_off as (
    insert into scheduled (due_at, run_id, sq, prio, attempt)
    select f.run_at, f.run_id, f.sq, f.prio, 0 from fresh f where f.run_at > app_now()
  ),
  timed as (
    insert into run_timeout (run_id, timeout_ms, no_progress_ms)
    select f.run_id, (f.how_to_run ->> 'timeout_ms')::integer,
           (f.how_to_run ->> 'no_progress_ms')::integer
    from fresh f
    where coalesce(f.how_to_run ->> 'timeout_ms', f.how_to_run ->> 'no_progress_ms') is not null
  ),
  routed as (
    insert into run_route (run_id, sq, move_at, wait_ms, move_to, sticky_key)
    select f.run_id, f.sq,
           greatest(f.run_at, app_now()) + (f.how_to_run #>> '{route,wait_ms}')::bigint * interval '1 millisecond',
           (f.how_to_run #>> '{route,wait_ms}')::integer, (f.how_to_run #>> '{route,move_to}')::integer,
           f.how_to_run #>> '{route,sticky_key}'
    from fresh f where f.how_to_run -> 'route' is not null
  ),
  due as (
    insert into run_deadline (due_at, run_id, sq)
    select f.deadline_at, f.run_id, f.sq from fresh f where f.deadline_at is not null
  ),
  recorded as materialized (
    select fleet_record(o.org_id, 'run.submitted', o.ids, fleet_digest(o.records)) as seq
    from (
      select f.org_id, array_agg(f.run_id::text order by f.n) as ids,
             string_agg(netstring(f.record), '' order by f.n) as records
      from (
        -- `offset 0`: a function of a function is called, one of a column is inlined.
        select f.*, netstring(f.run_id::text) || netstring(f.actor) || netstring(f.hash) as record
        from fresh f offset 0
      ) f group by f.org_id order by f.org_id
    ) o
  )
  select given.n, coalesce(given.kept, given.run_id),
         case when given.fresh then 'new' when given.refused is not null then given.refused
              when given.key is null or given.kept_hash = given.hash then 'same' else 'conflict' end
  from given
  where fleet_require((select count(*) from recorded) >= 0, 'recorded')
  order by given.n;
end $$;
