-- M7. A slot of each scope for a call, or of none: answers the first scope (from 1) that has no slot left,
-- and 0 when all were taken. Of calls that begin together, one is counted after the other. What
-- expired counts no more: whoever held it is gone.
create or replace function gateway_take_slots(
  p_org uuid, p_call uuid, p_kinds text[], p_ids text[], p_max int[], p_ttl_ms bigint
) returns int
language plpgsql
as $$
declare
  v_full int;
begin
  perform set_config('sagewai.orgs', p_org::text, true);
  perform pg_advisory_xact_lock(l.key)
  from (
    select distinct hashtextextended('slots ' || p_org || ' ' || g.kind || ' ' || g.id, 0) as key
    from unnest(p_kinds, p_ids) g(kind, id) order by 1
  ) l;
  -- Of any scope of the organization: of a key that is never used again nobody else would.
  delete from call_slot s
  using (
    select c.scope_kind, c.scope_id, c.call_id from call_slot c
    where c.org_id = p_org and c.expires_at <= app_clock()
    for update skip locked
  ) gone
  where s.org_id = p_org and s.scope_kind = gone.scope_kind and s.scope_id = gone.scope_id
    and s.call_id = gone.call_id;
  select min(g.n) into v_full
  from unnest(p_kinds, p_ids, p_max) with ordinality g(kind, id, most, n)
  where g.most <= (
    select count(*) from call_slot s
    where s.org_id = p_org and s.scope_kind = g.kind and s.scope_id = g.id
      and s.expires_at > app_clock());
  if v_full is not null then return v_full; end if;
  insert into call_slot (org_id, scope_kind, scope_id, call_id, expires_at)
  select p_org, g.kind, g.id, p_call, app_clock() + p_ttl_ms * interval '1 millisecond'
  from unnest(p_kinds, p_ids) g(kind, id);
  return 0;
end $$;
