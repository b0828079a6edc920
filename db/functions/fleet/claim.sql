-- Moves the heads of the wanted subqueues to the waiting polls of one organization, and hands back what
-- a repeated poll was given before (F6). One statement moves, leases and records.
--
--   p_sqs, p_prios, p_counts, p_floors       what to take; chosen in memory, one row a (subqueue, priority)
--   p_workers, p_sessions, p_polls, p_slots  who waits, in serving order
--   p_avoid                                  skip what this worker has lost (workers without epochs)
create or replace function fleet_claim(
  p_org uuid,
  p_sqs integer[], p_prios smallint[], p_counts integer[], p_floors bigint[],
  p_workers integer[], p_sessions bigint[], p_polls uuid[], p_slots integer[],
  p_flat boolean, p_avoid integer
) returns table (
  n bigint, run_id uuid, epoch bigint, sq integer, prio smallint, seq bigint, attempt smallint,
  claimed_at timestamptz, project_id uuid, model text, max_attempts smallint, deadline_at timestamptz,
  payload text, resume text
)
language plpgsql
set enable_seqscan = off
set enable_bitmapscan = off
as $$
#variable_conflict use_column
begin
  -- F3. The transaction sees this organization's runs and no other's.
  perform set_config('sagewai.orgs', p_org::text, true);
  -- Whoever asks a worker to go waits for this claim, and the next one sees it: `fleet_drain_worker`.
  perform pg_advisory_xact_lock_shared(7301, hashtext(p_org::text));

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
  leased as (
    insert into lease (run_id, epoch, worker_num, session_epoch, poll_id, flat, sq, prio, attempt, claimed_at)
    select g.run_id, nextval('lease_epoch'), s.worker_num, s.session_epoch, s.poll_id, p_flat,
           g.sq, g.prio, g.attempt + 1, app_now()
    from numbered g join slot s on s.rn = g.rn
    returning lease.*
  ),
  recorded as materialized (
    select fleet_record(p_org, 'run.claimed', o.ids, fleet_digest(o.records)) as seq
    from (
      select array_agg(l.run_id::text order by l.epoch) as ids,
             string_agg(netstring(netstring(l.run_id::text) || netstring(l.epoch::text)
               || netstring(l.worker_num::text) || netstring(l.session_epoch::text)), '' order by l.epoch)
               as records
      from leased l having count(*) > 0
    ) o
  ),
  given as (
    select s.n, g.seq, l.run_id, l.epoch, l.sq, l.prio, l.attempt, l.claimed_at
    from numbered g join slot s on s.rn = g.rn join leased l on l.run_id = g.run_id
    union all
    select h.n, 0, h.run_id, h.epoch, h.sq, h.prio, h.attempt, h.claimed_at from held h
  )
  select g.n, g.run_id, g.epoch, g.sq, g.prio, g.seq, g.attempt, g.claimed_at,
         r.project_id, r.model, r.max_attempts, r.deadline_at, r.payload::text,
         (select w.resume::text from run_wait w where w.run_id = g.run_id)
  from given g left join run r on r.run_id = g.run_id
  -- F2. Nothing leaves the queue without a lease.
  where fleet_require((select count(*) from gone) = (select count(*) from leased),
                      'a claim moves no run that it does not lease')
    and fleet_require((select count(*) from recorded) >= 0, 'recorded');
end $$;
