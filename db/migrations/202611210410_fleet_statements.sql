-- The moves of a run between its tables, each one round trip and one transaction. Lock order: leases and
-- queue rows by run id, then the audit head. All run with the caller's rights.
--
-- Sequential scans are off inside them: a plan made while a table was nearly empty must not be kept for
-- a backlog of a million (F4).

create function fleet_require(p_held boolean, p_rule text) returns boolean
language plpgsql
as $$
begin
  if p_held is not true then
    raise exception 'fleet: %', p_rule using errcode = 'assert_failure';
  end if;
  return true;
end $$;

-- One audit entry for a batch of one organization; as `entryOfBatch` of the trust plane writes it.
create function fleet_record(p_org uuid, p_kind text, p_ids text[], p_digest text) returns bigint
language sql volatile
as $$
  select audit_append(
    p_org, 'fleet', p_kind,
    case cardinality(p_ids) when 1 then p_ids[1] else 'batch' end,
    'ok', '',
    case when cardinality(p_ids) <= 200
      then json_build_object('kind', p_kind, 'count', cardinality(p_ids), 'digest', p_digest,
                             'ids', array_to_string(p_ids, ' '))
      else json_build_object('kind', p_kind, 'count', cardinality(p_ids), 'digest', p_digest,
                             'first', p_ids[1], 'last', p_ids[cardinality(p_ids)])
    end::text)
$$;

create function fleet_digest(p_records text) returns text
language sql stable strict parallel safe
as $$ select encode(sha256(convert_to(p_records, 'UTF8')), 'hex') $$;

-- Interns a class and its subqueue (jsonb keeps one order of keys); null: the organization has too many.
create function fleet_intern(
  p_org uuid, p_project uuid, p_pool text, p_model text, p_labels jsonb, p_classes_max integer
) returns integer
language plpgsql
set enable_seqscan = off
as $$
declare
  v_hash constant bytea := sha256(convert_to(p_labels::text, 'UTF8'));
  v_class integer;
  v_sq integer;
begin
  perform set_config('sagewai.orgs', p_org::text, true);
  select class_id into v_class from match_class
  where org_id = p_org and pool = p_pool and model = p_model and labels_hash = v_hash;
  if not found then
    if (select count(*) from match_class where org_id = p_org) >= p_classes_max then
      return null;
    end if;
    insert into match_class (org_id, pool, model, labels, labels_hash)
    values (p_org, p_pool, p_model, p_labels, v_hash)
    on conflict do nothing;
    select class_id into strict v_class from match_class
    where org_id = p_org and pool = p_pool and model = p_model and labels_hash = v_hash;
    insert into pending_count (pool, model, pending, counted_at) values (p_pool, p_model, 0, app_now())
    on conflict do nothing;
  end if;
  select sq into v_sq from subqueue where class_id = v_class and project_id = p_project;
  if not found then
    insert into subqueue (class_id, org_id, project_id) values (v_class, p_org, p_project)
    on conflict do nothing;
    select sq into strict v_sq from subqueue where class_id = v_class and project_id = p_project;
  end if;
  return v_sq;
end $$;

-- F2. Stores runs and queues them. `how`: new, same (the key was used for the same request) or conflict.
create function fleet_submit(
  p_run_ids uuid[], p_orgs uuid[], p_projects uuid[], p_sqs integer[], p_prios smallint[],
  p_models text[], p_max_attempts smallint[], p_deadlines timestamptz[], p_payloads text[],
  p_actors text[], p_keys text[], p_hashes text[]
) returns table (n bigint, run_id uuid, how text)
language plpgsql
set enable_seqscan = off
as $$
#variable_conflict use_column
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

  return query
  with given as materialized (
    select g.*, k.run_id as kept, k.request_hash as kept_hash,
           (g.key is null or k.run_id = g.run_id) as fresh
    from unnest(p_run_ids, p_orgs, p_projects, p_sqs, p_prios, p_models, p_max_attempts, p_deadlines,
                p_payloads, p_actors, p_keys, p_hashes)
      with ordinality as g(run_id, org_id, project_id, sq, prio, model, max_attempts, deadline_at,
                           payload, actor, key, hash, n)
    left join lateral (
      select k.run_id, k.request_hash from run_key k
      where k.org_id = g.org_id and k.project_id = g.project_id and k.key = g.key
    ) k on g.key is not null
  ),
  fresh as materialized (
    select given.*, nextval('ready_seq') as seq from given where given.fresh order by given.n
  ),
  stored as (
    insert into run (run_id, org_id, project_id, sq, prio, seq, model, max_attempts, deadline_at,
                     submitted_by, created_at, payload)
    select f.run_id, f.org_id, f.project_id, f.sq, f.prio, f.seq, f.model, f.max_attempts,
           f.deadline_at, f.actor, app_now(), f.payload::json
    from fresh f
  ),
  queued as (
    insert into ready (sq, prio, seq, run_id, attempt)
    select f.sq, f.prio, f.seq, f.run_id, 0 from fresh f
  ),
  due as (
    insert into run_deadline (due_at, run_id, sq)
    select f.deadline_at, f.run_id, f.sq from fresh f where f.deadline_at is not null
  ),
  recorded as materialized (
    select fleet_record(o.org_id, 'run.submitted', o.ids, fleet_digest(o.records)) as seq
    from (
      select f.org_id, array_agg(f.run_id::text order by f.n) as ids,
             string_agg(netstring(netstring(f.run_id::text) || netstring(f.actor) || netstring(f.hash)),
                        '' order by f.n) as records
      from fresh f group by f.org_id order by f.org_id
    ) o
  )
  select given.n, coalesce(given.kept, given.run_id),
         case when given.fresh then 'new' when given.kept_hash = given.hash then 'same' else 'conflict' end
  from given
  where fleet_require((select count(*) from recorded) >= 0, 'recorded')
  order by given.n;
end $$;

-- Moves the heads of the wanted subqueues to the waiting polls of one organization, and hands back what
-- a repeated poll was given before (F6). One statement moves, leases and records.
--
--   p_sqs, p_prios, p_counts, p_floors       what to take; chosen in memory, one row a (subqueue, priority)
--   p_workers, p_sessions, p_polls, p_slots  who waits, in serving order
--   p_avoid                                  skip what this worker has lost (workers without epochs)
create function fleet_claim(
  p_org uuid,
  p_sqs integer[], p_prios smallint[], p_counts integer[], p_floors bigint[],
  p_workers integer[], p_sessions bigint[], p_polls uuid[], p_slots integer[],
  p_flat boolean, p_avoid integer
) returns table (
  n bigint, run_id uuid, epoch bigint, sq integer, prio smallint, seq bigint, attempt smallint,
  claimed_at timestamptz, project_id uuid, model text, max_attempts smallint, deadline_at timestamptz,
  payload text
)
language plpgsql
set enable_seqscan = off
set enable_bitmapscan = off
as $$
#variable_conflict use_column
begin
  -- F3. The transaction sees this organization's runs and no other's.
  perform set_config('sagewai.orgs', p_org::text, true);

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
         r.project_id, r.model, r.max_attempts, r.deadline_at, r.payload::text
  from given g left join run r on r.run_id = g.run_id
  -- F2. Nothing leaves the queue without a lease.
  where fleet_require((select count(*) from gone) = (select count(*) from leased),
                      'a claim moves no run that it does not lease')
    and fleet_require((select count(*) from recorded) >= 0, 'recorded');
end $$;

-- Ends runs, or queues them again where the worker says that only the circumstances failed.
-- `how`: ok, requeued, repeated (the same lease had ended it) or lost.
create function fleet_report(
  p_run_ids uuid[], p_orgs uuid[], p_workers integer[], p_sessions bigint[], p_epochs bigint[],
  p_statuses text[], p_outputs text[], p_errors text[], p_retries boolean[], p_backoff_ms integer
) returns table (n bigint, how text, sq integer, status text, seconds double precision)
language plpgsql
set enable_seqscan = off
as $$
#variable_conflict use_column
begin
  perform set_config('sagewai.orgs',
    array_to_string(array(select distinct o from unnest(p_orgs) as o), ','), true);

  return query
  with given as materialized (
    select g.* from unnest(p_run_ids, p_orgs, p_workers, p_sessions, p_epochs, p_statuses, p_outputs,
                           p_errors, p_retries)
      with ordinality as g(run_id, org_id, worker_num, session_epoch, epoch, status, output, error, retry, n)
    order by g.run_id
  ),
  held as materialized (
    select g.n, g.org_id, g.status, g.output, g.error, g.retry, l.*
    from given g cross join lateral (
      select l.run_id, l.epoch, l.worker_num, l.session_epoch, l.sq, l.prio, l.attempt,
             l.claimed_at, l.cancel_requested_at, q.project_id
      from lease l join subqueue q on q.sq = l.sq and q.org_id = g.org_id
      where l.run_id = g.run_id and l.worker_num = g.worker_num
        and l.session_epoch = g.session_epoch                          -- F1
        and (l.epoch = g.epoch or (g.epoch is null and l.flat))        -- F1
      for update of l
    ) l
  ),
  -- By key: a lease that was cancelled while this waited has another address.
  gone as (
    delete from lease l where l.run_id = any(array(select h.run_id from held h)) returning l.run_id
  ),
  ended as materialized (
    select h.*,
           case when h.status = 'failed' and h.cancel_requested_at is not null then 'cancelled'
                else h.status end as ending,
           (h.retry and h.status = 'failed' and h.cancel_requested_at is null
            and h.attempt < (select r.max_attempts from run r where r.run_id = h.run_id)) as again
    from held h join gone g on g.run_id = h.run_id
  ),
  stored as (
    insert into outcome (run_id, org_id, project_id, status, output, error, worker_num, session_epoch,
                         epoch, attempt, started_at, at)
    select e.run_id, e.org_id, e.project_id, e.ending, e.output::json, e.error, e.worker_num,
           e.session_epoch, e.epoch, e.attempt, e.claimed_at, app_now()
    from ended e where not e.again
    returning 1
  ),
  later as (
    insert into scheduled (due_at, run_id, sq, prio, attempt)
    select app_now() + make_interval(secs => least(300, p_backoff_ms / 1000.0 * 2 ^ (e.attempt - 1))),
           e.run_id, e.sq, e.prio, e.attempt
    from ended e where e.again
    returning 1
  ),
  recorded as materialized (
    select fleet_record(o.org_id, 'run.reported', o.ids, fleet_digest(o.records)) as seq
    from (
      select e.org_id, array_agg(e.run_id::text order by e.run_id) as ids,
             string_agg(netstring(netstring(e.run_id::text) || netstring(e.epoch::text)
               || netstring(case when e.again then 'requeued' else e.ending end)), '' order by e.run_id)
               as records
      from ended e group by e.org_id order by e.org_id
    ) o
  )
  select g.n,
         case when e.again then 'requeued' when e.run_id is not null then 'ok'
              when o.run_id is not null then 'repeated' else 'lost' end,
         e.sq, e.ending, extract(epoch from app_now() - e.claimed_at)::double precision
  from given g
  left join ended e on e.n = g.n
  left join lateral (
    select o.run_id from outcome o
    where o.run_id = g.run_id and e.run_id is null and o.worker_num = g.worker_num
      and (o.epoch = g.epoch or (g.epoch is null and o.session_epoch = g.session_epoch))
      and o.status in (g.status, 'cancelled')
  ) o on true
  -- F2. A run whose lease is removed is somewhere else afterwards.
  where fleet_require((select count(*) from gone)
                      = (select count(*) from stored) + (select count(*) from later),
                      'a report removes no lease whose run it does not end or put off')
    and fleet_require((select count(*) from recorded) >= 0, 'recorded');
end $$;

-- Takes leases away from workers that are lost, replaced or revoked, each only if it is still the one
-- that was seen. A run goes back to the queue under a new number, or fails when it has had its attempts.
-- `p_burn`: whether the attempt counts; it does unless the worker never had the run.
create function fleet_take_back(
  p_run_ids uuid[], p_epochs bigint[], p_error text, p_burn boolean
) returns table (run_id uuid, sq integer, prio smallint, how text)
language plpgsql
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_orgs text;
begin
  select string_agg(distinct q.org_id::text, ',') into v_orgs
  from unnest(p_run_ids) as g(id) join lease l on l.run_id = g.id join subqueue q on q.sq = l.sq;
  if v_orgs is null then
    return;
  end if;
  perform set_config('sagewai.orgs', v_orgs, true);

  return query
  with held as materialized (
    select l.* from (
      select g.* from unnest(p_run_ids, p_epochs) as g(run_id, epoch) order by g.run_id
    ) g cross join lateral (
      select l.* from lease l where l.run_id = g.run_id and l.epoch = g.epoch  -- F1
      for update
    ) l
  ),
  -- By key: a lease that was cancelled while this waited has another address.
  gone as (
    delete from lease l where l.run_id = any(array(select h.run_id from held h)) returning l.run_id
  ),
  back as materialized (
    select h.*, q.org_id, q.project_id,
           case when h.cancel_requested_at is not null then 'cancelled'
                when p_burn and h.attempt >= r.max_attempts then 'failed'
                else 'requeued' end as how
    from held h
    join gone g on g.run_id = h.run_id
    join subqueue q on q.sq = h.sq
    join run r on r.run_id = h.run_id
  ),
  queued as (
    insert into ready (sq, prio, seq, run_id, attempt)
    select b.sq, b.prio, nextval('ready_seq'), b.run_id, b.attempt - case when p_burn then 0 else 1 end
    from back b where b.how = 'requeued'
    returning 1
  ),
  shunned as (
    insert into lost_run (run_id, worker_num, lost_at)
    select b.run_id, b.worker_num, app_now() from back b where b.flat and b.how = 'requeued'
    on conflict do nothing
  ),
  stored as (
    insert into outcome (run_id, org_id, project_id, status, error, worker_num, session_epoch, epoch,
                         attempt, started_at, at)
    select b.run_id, b.org_id, b.project_id, b.how,
           case b.how when 'failed'
             then format('%s; attempt %s of %s', p_error, b.attempt,
                         (select r.max_attempts from run r where r.run_id = b.run_id)) end,
           b.worker_num, b.session_epoch, b.epoch, b.attempt, b.claimed_at, app_now()
    from back b where b.how <> 'requeued'
    returning 1
  ),
  recorded as materialized (
    select fleet_record(o.org_id, 'run.taken_back', o.ids, fleet_digest(o.records)) as seq
    from (
      select b.org_id, array_agg(b.run_id::text order by b.run_id) as ids,
             string_agg(netstring(netstring(b.run_id::text) || netstring(b.epoch::text)
               || netstring(b.how)), '' order by b.run_id) as records
      from back b group by b.org_id order by b.org_id
    ) o
  )
  select b.run_id, b.sq, b.prio, b.how from back b
  where fleet_require((select count(*) from gone)
                      = (select count(*) from queued) + (select count(*) from stored),
                      'a lease that is taken away leaves its run somewhere')
    and fleet_require((select count(*) from recorded) >= 0, 'recorded');
end $$;

-- Takes a queued run out of the queue; true when it was there.
create function fleet_unqueue(p_run_id uuid, p_sq integer, p_prio smallint, p_seq bigint) returns boolean
language plpgsql
set enable_seqscan = off
as $$
begin
  -- Its first place is known; a run that was queued again is looked for in its subqueue.
  delete from ready where sq = p_sq and prio = p_prio and seq = p_seq and run_id = p_run_id;
  if found then return true; end if;
  delete from scheduled where run_id = p_run_id;
  if found then return true; end if;
  if exists (select from lease where run_id = p_run_id) then return false; end if;
  delete from ready where sq = p_sq and prio = p_prio and run_id = p_run_id;
  return found;
end $$;

-- Cancels a run of the organizations that the transaction sees. `how`: cancelled (it was queued),
-- requested (its worker is told), ended (it was over), or null: there is no such run.
create function fleet_cancel(p_run_id uuid) returns text
language plpgsql
set enable_seqscan = off
as $$
declare
  v_run run;
begin
  select * into v_run from run where run_id = p_run_id;
  if not found then
    return null;
  end if;
  -- A run may be claimed or queued again between two looks; it cannot be so for ever.
  for i in 1..20 loop
    if exists (select from outcome where run_id = p_run_id) then
      return 'ended';
    end if;
    update lease set cancel_requested_at = coalesce(cancel_requested_at, app_now())
    where run_id = p_run_id;
    if found then
      return 'requested';
    end if;
    if fleet_unqueue(p_run_id, v_run.sq, v_run.prio, v_run.seq) then
      insert into outcome (run_id, org_id, project_id, status, error, attempt, at)
      values (p_run_id, v_run.org_id, v_run.project_id, 'cancelled', 'cancelled before a worker took it',
              0, app_now());
      return 'cancelled';
    end if;
  end loop;
  raise exception 'fleet: run % is nowhere', p_run_id using errcode = 'assert_failure';
end $$;

-- Ends the runs whose deadline has passed. Each is looked at once.
create function fleet_expire(p_limit integer) returns table (run_id uuid, sq integer, how text)
language plpgsql
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
  v_due record;
  v_run run;
  v_lease lease;
  v_orgs text;
  v_ended_orgs uuid[] := '{}';
  v_ended_runs uuid[] := '{}';
  v_ended_hows text[] := '{}';
begin
  select string_agg(distinct q.org_id::text, ',') into v_orgs
  from (select d.sq from run_deadline d where d.due_at <= app_now() order by d.due_at limit p_limit) d
  join subqueue q on q.sq = d.sq;
  if v_orgs is null then
    return;
  end if;
  perform set_config('sagewai.orgs', v_orgs, true);

  for v_due in
    with gone as (
      delete from run_deadline where ctid = any(array(
        select d.ctid from run_deadline d join subqueue q on q.sq = d.sq
        where d.due_at <= app_now() and q.org_id = any(visible_orgs())
        order by d.due_at limit p_limit for update of d skip locked))
      returning run_deadline.run_id, run_deadline.sq
    )
    select gone.run_id, gone.sq from gone order by gone.run_id
  loop
    continue when exists (select from outcome o where o.run_id = v_due.run_id);
    select * into v_run from run r where r.run_id = v_due.run_id;
    continue when not found;
    delete from lease l where l.run_id = v_due.run_id returning l.* into v_lease;
    if found then
      how := 'running';
      insert into outcome (run_id, org_id, project_id, status, error, worker_num, session_epoch, epoch,
                           attempt, started_at, at)
      values (v_run.run_id, v_run.org_id, v_run.project_id, 'failed', 'the deadline passed while it ran',
              v_lease.worker_num, v_lease.session_epoch, v_lease.epoch, v_lease.attempt,
              v_lease.claimed_at, app_now());
    elsif fleet_unqueue(v_run.run_id, v_run.sq, v_run.prio, v_run.seq) then
      how := 'queued';
      insert into outcome (run_id, org_id, project_id, status, error, attempt, at)
      values (v_run.run_id, v_run.org_id, v_run.project_id, 'failed',
              'the deadline passed before a worker took it', 0, app_now());
    else
      -- Between two tables just now: looked at again in a moment.
      insert into run_deadline (due_at, run_id, sq) values (app_now(), v_run.run_id, v_run.sq)
      on conflict do nothing;
      continue;
    end if;
    run_id := v_run.run_id;
    sq := v_run.sq;
    v_ended_orgs := v_ended_orgs || v_run.org_id;
    v_ended_runs := v_ended_runs || v_run.run_id;
    v_ended_hows := v_ended_hows || how;
    return next;
  end loop;

  -- After the last lease: whoever reports holds its leases while it waits for the log.
  perform fleet_record(o.org_id, 'run.expired', o.ids, fleet_digest(o.records))
  from (
    select e.org_id, array_agg(e.run_id::text order by e.run_id) as ids,
           string_agg(netstring(netstring(e.run_id::text) || netstring(e.how)), '' order by e.run_id)
             as records
    from unnest(v_ended_orgs, v_ended_runs, v_ended_hows) as e(org_id, run_id, how)
    group by e.org_id order by e.org_id
  ) o;
end $$;

-- Puts what is due back into the queue.
create function fleet_release_scheduled(p_limit integer) returns table (sq integer, prio smallint, runs integer)
language sql
set enable_seqscan = off
as $$
  with due as (
    delete from scheduled where ctid = any(array(
      select s.ctid from scheduled s where s.due_at <= app_now()
      order by s.due_at limit p_limit for update skip locked))
    returning *
  ), queued as (
    insert into ready (sq, prio, seq, run_id, attempt)
    select sq, prio, nextval('ready_seq'), run_id, attempt from due
    returning sq, prio
  )
  select sq, prio, count(*)::integer from queued group by sq, prio
$$;

-- Which (subqueue, priority) has something: one index seek each, however long they are (F4).
create function fleet_nonempty() returns table (sq integer, prio smallint)
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

-- Signs of life of many workers at once. `lives` is false when a newer session has replaced this one.
-- `cancel`: runs to stop. `lost`: runs that the worker named and no longer has. `unheld`: leases older
-- than the grace that it did not name, though it named all it holds.
--
--   p_listed   whether the worker named its runs;  p_held_*: what it named, p_held_n: which worker
create function fleet_heartbeat(
  p_workers integer[], p_sessions bigint[], p_listed boolean[],
  p_held_n integer[], p_held_runs uuid[], p_held_epochs bigint[], p_unheld_grace_ms integer
) returns table (n bigint, lives boolean, state text, cancel uuid[], lost uuid[],
                 unheld uuid[], unheld_epochs bigint[])
language sql
set enable_seqscan = off
as $$
  with given as materialized (
    select g.* from unnest(p_workers, p_sessions, p_listed)
      with ordinality as g(worker_num, session_epoch, listed, n)
    order by g.worker_num
  ),
  seen as materialized (
    select g.n, s.worker_num, s.state, s.session_epoch
    from given g cross join lateral (
      select s.* from worker_session s
      where s.worker_num = g.worker_num and s.session_epoch = g.session_epoch
      for no key update
    ) s
  ),
  beaten as (
    update worker_session s set last_seen_at = app_now()
    where s.worker_num = any(array(select seen.worker_num from seen))
    returning s.worker_num
  ),
  named as materialized (
    select h.* from unnest(p_held_n, p_held_runs, p_held_epochs) as h(n, run_id, epoch)
  )
  select g.n, s.n is not null, s.state,
    array(select l.run_id from lease l
          where l.worker_num = g.worker_num and l.session_epoch = g.session_epoch
            and l.cancel_requested_at is not null),
    array(select h.run_id from named h
          where h.n = g.n and not exists (
            select from lease l
            where l.run_id = h.run_id and l.epoch = h.epoch
              and l.worker_num = g.worker_num and l.session_epoch = g.session_epoch)),
    u.runs, u.epochs
  from given g
  left join seen s on s.n = g.n
  left join lateral (
    select array_agg(l.run_id order by l.run_id) as runs, array_agg(l.epoch order by l.run_id) as epochs
    from lease l
    where g.listed and l.worker_num = g.worker_num and l.session_epoch = g.session_epoch
      and l.claimed_at < app_now() - make_interval(secs => p_unheld_grace_ms / 1000.0)
      and not exists (select from named h where h.n = g.n and h.run_id = l.run_id and h.epoch = l.epoch)
  ) u on true
  order by g.n
$$;

-- Opens a new session (F1) of a worker that may have one. Its older leases are the caller's to take back.
create function fleet_open_session(p_worker uuid, p_org uuid) returns bigint
language sql
as $$
  update worker_session set session_epoch = session_epoch + 1, last_seen_at = app_now()
  where worker_id = p_worker and org_id = p_org and state in ('pending', 'approved')
  returning session_epoch
$$;

-- Beats, and tells since when there was no gap longer than `p_gap_ms`: while the server was away, no
-- worker could be heard, and none is to blame.
create function fleet_pulse_beat(p_gap_ms integer) returns timestamptz
language sql
as $$
  insert into fleet_pulse as p (beat_at, up_since) values (app_now(), app_now())
  on conflict (one) do update set
    up_since = case when p.beat_at < app_now() - make_interval(secs => p_gap_ms / 1000.0)
                    then app_now() else p.up_since end,
    beat_at = app_now()
  returning up_since
$$;

-- Leases whose worker is silent, revoked, or has a newer session.
create function fleet_orphans(p_silence_ms integer, p_up_since timestamptz, p_limit integer)
returns table (run_id uuid, epoch bigint, why text)
language sql
as $$
  select l.run_id, l.epoch,
    case when s.session_epoch <> l.session_epoch then 'replaced'
         when s.state <> 'approved' then 'revoked' else 'silent' end
  from lease l join worker_session s on s.worker_num = l.worker_num
  where s.session_epoch <> l.session_epoch or s.state <> 'approved'
     or greatest(s.last_seen_at, p_up_since, l.claimed_at)
        < app_now() - make_interval(secs => p_silence_ms / 1000.0)
  order by l.run_id limit p_limit
$$;

-- Counts the queue for the autoscaler; a pool that was ever asked for stays, with 0.
create function fleet_count_pending() returns void
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
