-- Opens a new session (F1) of a worker that may have one. Its older leases are the caller's to take back.
create or replace function fleet_open_session(p_worker uuid, p_org uuid) returns bigint
language sql
as $$
  update worker_session set session_epoch = session_epoch + 1, last_seen_at = app_now()
  where worker_id = p_worker and org_id = p_org and state in ('pending', 'approved')
  returning session_epoch
$$;
