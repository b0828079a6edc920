-- One decision a worker and state; null when the worker is in none of these states (or not ours to see).
-- The replicas hear of it as it is committed: whoever decided may die before it can tell them.
create or replace function fleet_decide_worker(p_worker uuid, p_from text[], p_to text, p_by text)
returns integer
language sql
as $$
  with decided as (
    update worker set state = p_to, decided_at = app_now(), decided_by = p_by, reason = null
    where id = p_worker and state = any(p_from)
    returning num
  ), noted as (
    update worker_session s set state = p_to
    from decided d where s.worker_num = d.num
    returning s.worker_num, s.worker_id
  )
  select n.worker_num from noted n, pg_notify('fleet_wake', '- w:' || n.worker_id) told
$$;
