-- The key behind a hash, in one statement: whose it is tells the look-up, and then its row may be seen.
create or replace function find_virtual_key(p_hash bytea)
returns table (
  id uuid, org_id uuid, project_id uuid, name text, models text[], may_cap boolean,
  expires_at timestamptz, is_blocked boolean, now timestamptz,
  team_id text, person_id text, team_models text[], person_models text[], aliases jsonb, tags text[],
  allowed_routes text[], parallel_max int, team_parallel_max int, person_parallel_max int,
  on_client_left text,
  -- Period and measure → amount, as text.
  limits jsonb,
  -- What is spent or counted of each, as of now; what is reserved counts in a window that slides only.
  used jsonb, metadata jsonb, team_metadata jsonb
)
language plpgsql
as $$
#variable_conflict use_column
declare
  v_id uuid;
  v_org uuid;
  v_kind text;
begin
  select c.id, c.org_id, c.kind into v_id, v_org, v_kind
  from credential c where c.hash = p_hash and c.kind in ('key', 'former-key');
  if v_id is null then
    return;
  end if;
  perform set_config('sagewai.orgs', v_org::text, true);
  return query
    select k.id, k.org_id, k.project_id, k.name, k.models, k.may_cap,
           case when v_kind = 'key' then k.expires_at else least(k.expires_at, r.former_until) end,
           k.blocked_at is not null or t.blocked_at is not null, app_now(),
           k.team_id, k.person_id, coalesce(t.models, '{}'), coalesce(p.models, '{}'), k.aliases, k.tags,
           k.allowed_routes, k.parallel_max, t.parallel_max, p.parallel_max, k.on_client_left,
           coalesce(l.limits, '{}'), coalesce(l.used, '{}'), k.metadata, coalesce(t.metadata, '{}')
    from virtual_key k
    cross join lateral (
      select jsonb_object_agg(b.period || ' ' || b.measure, b.limit_amount::text) as limits,
             jsonb_object_agg(b.period || ' ' || b.measure, (case
               when is_sliding(b.period) then
                 (ring_after(b.slots, b.settled, b.opened_at, app_clock(), null, null)).total + b.reserved
               when b.opened_at >= window_of(b.period, app_clock()) then b.settled
               else 0 end)::text) as used
      from budget b
      where b.org_id = v_org and b.scope_kind = 'key' and b.scope_id = v_id::text
    ) l
    left join team t on t.org_id = k.org_id and t.id = k.team_id
    left join person p on p.org_id = k.org_id and p.id = k.person_id
    left join key_rotation r on v_kind = 'former-key' and r.org_id = k.org_id and r.key_id = k.id
    where k.id = v_id and k.revoked_at is null
      and (v_kind = 'key' or r.former_until > app_now()); -- V1
end $$;
