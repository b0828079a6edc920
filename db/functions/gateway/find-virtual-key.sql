-- The key behind a hash, in one statement: whose it is tells the look-up, and then its row may be seen.
create or replace function find_virtual_key(p_hash bytea)
returns table (
  id uuid, org_id uuid, project_id uuid, name text, models text[], may_cap boolean,
  expires_at timestamptz, is_blocked boolean, now timestamptz,
  team_id text, person_id text, team_models text[], person_models text[], aliases jsonb, tags text[],
  allowed_routes text[], parallel_max int, team_parallel_max int, person_parallel_max int,
  -- Period and measure → amount, as text.
  limits jsonb
)
language plpgsql
as $$
#variable_conflict use_column
declare
  v_id uuid;
  v_org uuid;
begin
  select c.id, c.org_id into v_id, v_org from credential c where c.hash = p_hash and c.kind = 'key';
  if v_id is null then
    return;
  end if;
  perform set_config('sagewai.orgs', v_org::text, true);
  return query
    select k.id, k.org_id, k.project_id, k.name, k.models, k.may_cap, k.expires_at,
           k.blocked_at is not null or t.blocked_at is not null, app_now(),
           k.team_id, k.person_id, coalesce(t.models, '{}'), coalesce(p.models, '{}'), k.aliases, k.tags,
           k.allowed_routes, k.parallel_max, t.parallel_max, p.parallel_max,
           (select coalesce(jsonb_object_agg(b.period || ' ' || b.measure, b.limit_amount::text), '{}')
            from budget b
            where b.org_id = v_org and b.scope_kind = 'key' and b.scope_id = v_id::text)
    from virtual_key k
    left join team t on t.org_id = k.org_id and t.id = k.team_id
    left join person p on p.org_id = k.org_id and p.id = k.person_id
    where k.id = v_id and k.revoked_at is null;
end $$;
