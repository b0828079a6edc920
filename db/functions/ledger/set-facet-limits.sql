-- Replaces the limits of one part of a scope, or of each; none at all takes them away. A part counts the
-- calls that were admitted since it is limited (B6). Call it before anything is added to the audit chain of the same transaction.
create or replace function ledger_set_facet_limits(
  p_org uuid, p_scope_kind text, p_scope_id text, p_facet text, p_name text, p_label text,
  p_measures text[], p_periods text[], p_amounts numeric[]
) returns void
language plpgsql
as $$
declare
  -- More than there are calls.
  c_any constant numeric := 1000000000000000;
  v_now timestamptz;
  v_rule bigint;
  v_made timestamptz;
  v_parts text[];
  v_new bigint[];
begin
  perform pg_advisory_xact_lock(ledger_lock_key(p_org)); -- B5
  if exists (select from holding h where h.org_id = p_org) then
    raise exception 'shares of organization % are still out', p_org
      using errcode = 'lock_not_available';
  end if;
  v_now := app_clock();

  if cardinality(p_measures) = 0 then
    delete from facet_limit l
    where l.org_id = p_org and l.scope_kind = p_scope_kind and l.scope_id = p_scope_id and l.facet = p_facet
      and l.name is not distinct from p_name
    returning l.id into v_rule;
  else
    insert into facet_limit as l (org_id, scope_kind, scope_id, facet, name, label, measures, periods, amounts, made_at)
    values (p_org, p_scope_kind, p_scope_id, p_facet, p_name, p_label, p_measures, p_periods, p_amounts, v_now)
    on conflict on constraint a_part_has_one_rule do update
      set label = excluded.label, measures = excluded.measures, periods = excluded.periods, amounts = excluded.amounts
    returning l.id, l.made_at into v_rule, v_made;
  end if;

  -- Those that there are, whose limits of another kind begin with what they did.
  select array_agg(distinct n.id) into v_parts
  from (
    select b.scope_id as id from budget b where b.org_id = p_org and b.scope_kind = p_facet
    union all
    select p_scope_kind || '.' || v_rule || ':' || replace(replace(p_name, '%', '%25'), ' ', '%20')
    where p_name is not null
  ) n
  where split_part(n.id, ':', 1) = p_scope_kind || '.' || v_rule;

  delete from budget b
  where b.org_id = p_org and b.scope_kind = p_facet and split_part(b.scope_id, ':', 1) = p_scope_kind || '.' || v_rule
    and not exists (
      select from unnest(p_measures, p_periods) g(measure, period)
      where g.measure = b.measure and g.period = b.period);
  update budget b
  set limit_amount = g.amount
  from unnest(p_measures, p_periods, p_amounts) g(measure, period, amount)
  where b.org_id = p_org and b.scope_kind = p_facet and split_part(b.scope_id, ':', 1) = p_scope_kind || '.' || v_rule
    and b.measure = g.measure and b.period = g.period and b.limit_amount <> g.amount;

  with made as (
    insert into budget (org_id, scope_kind, scope_id, measure, period, limit_amount, opened_at, slots)
    select p_org, p_facet, n.id, g.measure, g.period, g.amount,
           case g.period when 'total' then v_made else window_of(g.period, v_now) end,
           ring_of(g.period)
    from unnest(v_parts) n(id)
    cross join unnest(p_measures, p_periods, p_amounts) g(measure, period, amount)
    on conflict on constraint a_scope_has_one_limit_of_a_kind do nothing
    returning id
  ), marked as (
    -- S3. A limit that is never shared and never reached: calls under it ask the database, which finds their parts.
    insert into budget (org_id, scope_kind, scope_id, measure, period, limit_amount, opened_at)
    select p_org, p_scope_kind, p_scope_id, 'requests', 'hour', c_any, window_of('hour', v_now)
    where cardinality(p_measures) > 0
    on conflict on constraint a_scope_has_one_limit_of_a_kind do nothing
    returning id
  )
  select array_agg(m.id) into v_new from (select id from made union all select id from marked) m;
  update budget b
  set settled = d.settled, reserved = d.reserved, slots = d.slots -- B4
  from ledger_derive(v_new) d
  where b.id = d.id;

  delete from budget b
  where b.org_id = p_org and b.scope_kind = p_scope_kind and b.scope_id = p_scope_id
    and b.measure = 'requests' and b.period = 'hour'
    and not exists (
      select from facet_limit l
      where l.org_id = p_org and l.scope_kind = p_scope_kind and l.scope_id = p_scope_id);
end $$;
