-- Leases whose worker is silent, revoked, has a newer session, or did not stop when it was told to.
create or replace function fleet_orphans(
  p_silence_ms integer, p_cancel_grace_ms integer, p_up_since timestamptz, p_limit integer
) returns table (run_id uuid, epoch bigint, why text)
language sql
as $$
  select l.run_id, l.epoch,
    case when s.session_epoch <> l.session_epoch then 'replaced'
         when s.state <> 'approved' then 'revoked'
         when greatest(l.cancel_requested_at, p_up_since)
              < app_now() - make_interval(secs => p_cancel_grace_ms / 1000.0)
              and l.cancel_requested_at is not null then 'deaf'
         else 'silent' end
  from lease l join worker_session s on s.worker_num = l.worker_num
  where s.session_epoch <> l.session_epoch or s.state <> 'approved'
     or greatest(s.last_seen_at, p_up_since, l.claimed_at)
        < app_now() - make_interval(secs => p_silence_ms / 1000.0)
     or (l.cancel_requested_at is not null
         and greatest(l.cancel_requested_at, p_up_since)
             < app_now() - make_interval(secs => p_cancel_grace_ms / 1000.0))
  order by l.run_id limit p_limit
$$;
