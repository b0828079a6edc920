-- The next generation of a worker's token, within its session or with a new one (`p_session` null). The
-- same renewal again is answered the same: its answer was lost. No row: the worker may have none, the
-- session was replaced, or somebody else has renewed since.
create or replace function fleet_renew(
  p_worker uuid, p_org uuid, p_session bigint, p_generation bigint, p_renewal uuid
) returns table (session_epoch bigint, generation bigint)
language sql
as $$
  update worker_session s
  set generation = case when p_generation >= s.generation then p_generation + 1 else s.generation end,
      renewal_id = p_renewal,
      session_epoch = s.session_epoch + (p_session is null)::integer,
      last_seen_at = app_now()
  where s.worker_id = p_worker and s.org_id = p_org and s.state in ('pending', 'approved')
    and (p_session is null or s.session_epoch = p_session)
    -- K2. A greater one than ours is nobody's theft: the database was restored from a backup.
    and (p_generation >= s.generation
         or (p_generation + 1 = s.generation and s.renewal_id = p_renewal))
  returning s.session_epoch, s.generation
$$;
