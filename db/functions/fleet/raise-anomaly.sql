-- Raises an anomaly unless one of its kind is open since less than the window. `raised`: it is new;
-- `kinds`: how many different ones are open in the window, this one included.
create or replace function fleet_raise_anomaly(
  p_id uuid, p_worker uuid, p_kind text, p_observed bigint, p_allowed bigint, p_window_ms double precision
) returns table (raised boolean, kinds integer)
language plpgsql
as $$
declare
  v_worker worker;
  v_since timestamptz := app_now() - p_window_ms * interval '1 millisecond';
begin
  -- Two judges of one worker take turns.
  select * into v_worker from worker where id = p_worker for update;
  if not found or v_worker.state <> 'approved' then
    return query select false, 0;
    return;
  end if;
  insert into worker_anomaly (id, org_id, worker_id, kind, pool, observed, allowed, raised_at)
  select p_id, v_worker.org_id, p_worker, p_kind, v_worker.pool, p_observed, p_allowed, app_now()
  where not exists (
    select from worker_anomaly a
    where a.worker_id = p_worker and a.kind = p_kind and a.cleared_at is null and a.raised_at > v_since);
  raised := found;
  select count(distinct a.kind)::integer into kinds from worker_anomaly a
  where a.worker_id = p_worker and a.cleared_at is null and a.raised_at > v_since;
  return next;
end $$;
