-- Interns a class and its subqueue (jsonb keeps one order of keys); null: the organization has too many
-- classes, or the project too many concurrency keys. A key without a limit yet gets the one that is given.
create or replace function fleet_intern(
  p_org uuid, p_project uuid, p_pool text, p_model text, p_labels jsonb, p_classes_max integer,
  p_key text default null, p_key_limit integer default null, p_keys_max integer default null,
  p_routing jsonb default null, p_worker integer default null
) returns integer
language plpgsql
set enable_seqscan = off
as $$
declare
  v_hash constant bytea := sha256(convert_to(p_labels::text || coalesce(p_routing::text, ''), 'UTF8'));
  v_class integer;
  v_sq integer;
  v_key integer;
begin
  perform set_config('sagewai.orgs', p_org::text, true);
  select class_id into v_class from match_class
  where org_id = p_org and pool = p_pool and model = p_model and labels_hash = v_hash;
  if not found then
    if (select count(*) from match_class where org_id = p_org) >= p_classes_max then
      return null;
    end if;
    insert into match_class (org_id, pool, model, labels, labels_hash, routing)
    values (p_org, p_pool, p_model, p_labels, v_hash, p_routing)
    on conflict do nothing;
    select class_id into strict v_class from match_class
    where org_id = p_org and pool = p_pool and model = p_model and labels_hash = v_hash;
    insert into pending_count (org_id, pool, model, pending, counted_at)
    values (p_org, p_pool, p_model, 0, app_now())
    on conflict do nothing;
  end if;
  if p_key is null then
    select sq into v_sq from subqueue
    where class_id = v_class and project_id = p_project and key_limit is null
      and worker_num is not distinct from p_worker;
  else
    select limit_id into v_key from dispatch_limit
    where org_id = p_org and project_id = p_project and pool is null and key = p_key;
    if not found then
      if (select count(*) from dispatch_limit
          where org_id = p_org and project_id = p_project and pool is null and key is not null) >= p_keys_max then
        return null;
      end if;
      insert into dispatch_limit (org_id, project_id, key, max_running)
      values (p_org, p_project, p_key, p_key_limit)
      on conflict do nothing;
      select limit_id into strict v_key from dispatch_limit
      where org_id = p_org and project_id = p_project and pool is null and key = p_key;
    end if;
    select sq into v_sq from subqueue
    where class_id = v_class and project_id = p_project and key_limit = v_key
      and worker_num is not distinct from p_worker;
  end if;
  if v_sq is null then
    insert into subqueue (class_id, org_id, project_id, key_limit, worker_num)
    values (v_class, p_org, p_project, v_key, p_worker)
    on conflict do nothing;
    select sq into strict v_sq from subqueue
    where class_id = v_class and project_id = p_project and key_limit is not distinct from v_key
      and worker_num is not distinct from p_worker;
  end if;
  return v_sq;
end $$;
