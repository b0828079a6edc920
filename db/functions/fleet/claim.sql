-- Moves the heads of the wanted subqueues to the waiting polls of one organization, and hands back what
-- a repeated poll was given before (F6). One statement moves, leases and records.
--
--   p_sqs, p_prios, p_counts, p_floors       what to take; chosen in memory, one row a (subqueue, priority)
--   p_workers, p_sessions, p_polls, p_slots  who waits, in serving order
--   p_avoid                                  skip what this worker has lost (workers without epochs)
--
-- After the runs come the wants that a limit has cut: `held` says by what (paused, cap, rate; null: there is
-- room left), `held_for` whose limit it is, `held_ms` for how long where that is known,
-- `admitted` how many it might have had.
create or replace function fleet_claim(
  p_org uuid,
  p_sqs integer[], p_prios smallint[], p_counts integer[], p_floors bigint[],
  p_workers integer[], p_sessions bigint[], p_polls uuid[], p_slots integer[],
  p_flat boolean, p_avoid integer
) returns table (
  n bigint, run_id uuid, epoch bigint, sq integer, prio smallint, seq bigint, attempt smallint,
  claimed_at timestamptz, project_id uuid, model text, max_attempts smallint, deadline_at timestamptz,
  payload text, resume text, held text, held_for text, held_ms integer, admitted integer
)
language plpgsql
set enable_seqscan = off
set enable_bitmapscan = off
as $$
#variable_conflict use_column
declare
  v_admitted record;
begin
  -- F7. Where nothing is limited, this look at an empty index is all that limits cost.
  if exists (select from dispatch_limit d where d.org_id = p_org
             and (d.paused or d.max_running is not null or d.max_queued is not null
                  or d.starts_max is not null)) then
    select * into v_admitted from fleet_admit(p_org, p_sqs, p_prios, p_counts);
    p_counts := v_admitted.counts;
  else
    select null::integer[] as project_caps, null::integer[] as key_caps, null::integer[] as pair_sqs,
           null::integer[] as pair_limits, null::integer[] as cut_sqs into v_admitted;
  end if;

  -- F3. The transaction sees this organization's runs and no other's.
  perform set_config('sagewai.orgs', p_org::text, true);
  -- Whoever asks a worker to go waits for this claim, and the next one sees it: `fleet_drain_worker`.
  perform pg_advisory_xact_lock_shared(7301, hashtext(p_org::text));
  -- F6. The same poll on two replicas at once: the later one waits, and finds what the other was given.
  perform pg_advisory_xact_lock(7302, w.num)
  from (select distinct p.num from unnest(p_workers) as p(num) order by 1) w;

  return query
  with poll as materialized (
    select p.* from unnest(p_workers, p_sessions, p_polls, p_slots)
      with ordinality as p(worker_num, session_epoch, poll_id, slots, n)
    -- F1. A session that was replaced, or a worker that was revoked, gets nothing.
    where (select s.session_epoch from worker_session s
           where s.worker_num = p.worker_num and s.org_id = p_org and s.state = 'approved')
          = p.session_epoch
  ),
  held as materialized (
    select p.n, l.* from poll p cross join lateral (
      select l.* from lease l
      where l.worker_num = p.worker_num and l.poll_id = p.poll_id  -- F6
        and l.session_epoch = p.session_epoch
    ) l
  ),
  slot as materialized (
    -- One slot a poll and turn: a poll for fifty does not empty the queue before a poll for one.
    select p.worker_num, p.session_epoch, p.poll_id, p.n, row_number() over (order by turn, p.n) as rn
    from poll p cross join lateral generate_series(1, p.slots) as turn
    where not exists (select from held h where h.n = p.n)
      -- Who was asked to go gets nothing new; what it was given before it still may ask for again.
      and not exists (select from worker_session s
                      where s.worker_num = p.worker_num and s.draining_at is not null)
  ),
  picked as materialized (
    select x.tid
    from unnest(p_sqs, p_prios, p_counts, p_floors) as w(sq, prio, n, floor)
    cross join lateral (
      select r.ctid as tid from ready r
      where r.sq = w.sq and r.prio = w.prio and r.seq > w.floor
        and (p_avoid is null
             or not exists (select from lost_run x where x.run_id = r.run_id and x.worker_num = p_avoid))
      order by r.seq limit w.n
      for update skip locked
    ) x
    limit (select count(*) from slot)
  ),
  -- F4. By row address, never by a join: a join is planned as a scan of the backlog.
  gone as (
    delete from ready r where r.ctid = any(array(select p.tid from picked p)) returning r.*
  ),
  numbered as (
    select g.*, row_number() over (order by g.prio, g.seq) as rn from gone g
  ),
  -- Materialized with its epochs: rows that come back from the insert are planned as one, so joining
  -- them with their source again is a loop over all of them for each.
  assigned as materialized (
    select s.n, g.seq, g.run_id, nextval('lease_epoch') as epoch, s.worker_num, s.session_epoch, s.poll_id,
           g.sq, g.prio, (g.attempt + 1)::smallint as attempt
    from numbered g join slot s on s.rn = g.rn
  ),
  leased as (
    insert into lease (run_id, epoch, worker_num, session_epoch, poll_id, flat, sq, prio, attempt, claimed_at,
                       project_cap, key_cap)
    select a.run_id, a.epoch, a.worker_num, a.session_epoch, a.poll_id, p_flat, a.sq, a.prio, a.attempt,
           app_now(),
           v_admitted.project_caps[array_position(p_sqs, a.sq)],  -- F7
           v_admitted.key_caps[array_position(p_sqs, a.sq)]
    from assigned a
    returning lease.sq
  ),
  counted as (
    update dispatch_limit d
    set queued = case when d.max_queued is null then d.queued else greatest(0, d.queued - t.taken) end,
        starts[1] = d.starts[1] + t.taken  -- F7
    from (
      select p.limit_id, count(*)::integer as taken
      from leased l join unnest(v_admitted.pair_sqs, v_admitted.pair_limits) as p(sq, limit_id) on p.sq = l.sq
      group by p.limit_id
    ) t
    where d.limit_id = t.limit_id and (d.max_queued is not null or d.starts_max is not null)
  ),
  recorded as materialized (
    select fleet_record(p_org, 'run.claimed', o.ids, fleet_digest(o.records), o.workers) as seq
    from (
      select array_agg(a.run_id::text order by a.epoch) as ids,
             array_agg(a.worker_num order by a.epoch) as workers,
             string_agg(netstring(a.record), '' order by a.epoch) as records
      from (
        -- `offset 0`: a function of a function is called, one of a column is inlined.
        select a.*, netstring(a.run_id::text) || netstring(a.epoch::text)
               || netstring(a.worker_num::text) || netstring(a.session_epoch::text) as record
        from assigned a offset 0
      ) a having count(*) > 0
    ) o
  ),
  given as (
    select a.n, a.seq, a.run_id, a.epoch, a.sq, a.prio, a.attempt, app_now() as claimed_at from assigned a
    union all
    select h.n, 0, h.run_id, h.epoch, h.sq, h.prio, h.attempt, h.claimed_at from held h
  )
  select g.n, g.run_id, g.epoch, g.sq, g.prio, g.seq, g.attempt, g.claimed_at,
         r.project_id, r.model, r.max_attempts, r.deadline_at, r.payload::text,
         (select w.resume::text from run_wait w where w.run_id = g.run_id),
         null::text, null::text, null::integer, null::integer
  from given g left join run r on r.run_id = g.run_id
  -- F2. Nothing leaves the queue without a lease.
  where fleet_require((select count(*) from gone) = (select count(*) from leased),
                      'a claim moves no run that it does not lease')
    and fleet_require((select count(*) from recorded) >= 0, 'recorded');

  -- F5. What is held back is told, so that nobody asks for it again before it can be had.
  if v_admitted.cut_sqs is not null then
    return query
    select 0::bigint, null::uuid, null::bigint, c.sq, c.prio, 0::bigint, null::smallint, null::timestamptz,
           d.project_id, null::text, null::smallint, null::timestamptz, null::text, null::text,
           case when l.room = 0 then l.held end,
           case when d.key is not null then 'key' when d.pool is null then 'project'
                when d.project_id is null then 'pool' else 'both' end,
           l.held_ms, c.admitted
    from unnest(v_admitted.cut_sqs, v_admitted.cut_prios, v_admitted.cut_limits, v_admitted.cut_counts)
      as c(sq, prio, limit_id, admitted)
    join dispatch_limit d on d.limit_id = c.limit_id
    cross join lateral fleet_limit_left(d) l;
  end if;
end $$;
