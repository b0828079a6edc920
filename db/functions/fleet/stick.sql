-- Which worker runs with a key go to: the one that had the last, as long as it may have the next and the
-- last is not older than `p_ttl_ms`; else the first of `p_workers`, all that may have it.
create or replace function fleet_stick(
  p_org uuid, p_project uuid, p_key text, p_ttl_ms bigint, p_workers integer[]
) returns integer
language plpgsql
set enable_seqscan = off
as $$
declare
  v_at sticky_key;
begin
  insert into sticky_key (org_id, project_id, key, worker_num, at)
  values (p_org, p_project, p_key, p_workers[1], app_now())
  on conflict do nothing;
  -- Submissions with one key take turns here, on all replicas.
  select * into strict v_at from sticky_key
  where org_id = p_org and project_id = p_project and key = p_key for update;
  if v_at.run_id is not null then
    v_at.worker_num := coalesce((select l.worker_num from lease l where l.run_id = v_at.run_id),
                                (select o.worker_num from outcome o where o.run_id = v_at.run_id));
  end if;
  if v_at.worker_num is null or not v_at.worker_num = any(p_workers)
     or v_at.at < app_now() - p_ttl_ms * interval '1 millisecond' then
    v_at.worker_num := p_workers[1];
  end if;
  update sticky_key set worker_num = v_at.worker_num, run_id = null, at = app_now()
  where org_id = p_org and project_id = p_project and key = p_key;
  return v_at.worker_num;
end $$;
