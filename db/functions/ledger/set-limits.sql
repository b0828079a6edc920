-- Replaces the limits of one scope; what is not listed is without limit. A limit that is new counts
-- what the rows say has happened in its window already. Call it before anything is added to the audit
-- chain of the same transaction.
create or replace function ledger_set_limits(
  p_org uuid, p_scope_kind text, p_scope_id text,
  p_measures text[], p_periods text[], p_amounts numeric[]
) returns void
language plpgsql
as $$
declare
  v_now timestamptz;
  v_new bigint[];
begin
  perform pg_advisory_xact_lock(ledger_lock_key(p_org)); -- B5
  if exists (select from holding h where h.org_id = p_org) then
    raise exception 'shares of organization % are still out', p_org
      using errcode = 'lock_not_available';
  end if;
  v_now := app_clock();

  delete from budget b
  where b.org_id = p_org and b.scope_kind = p_scope_kind and b.scope_id = p_scope_id
    and not exists (
      select from unnest(p_measures, p_periods) g(measure, period)
      where g.measure = b.measure and g.period = b.period)
    -- S3. The mark of `ledger_set_facet_limits`.
    and not (b.measure = 'requests' and b.period = 'hour' and exists (
      select from facet_limit l
      where l.org_id = p_org and l.scope_kind = p_scope_kind and l.scope_id = p_scope_id));

  update budget b
  set limit_amount = g.amount
  from unnest(p_measures, p_periods, p_amounts) g(measure, period, amount)
  where b.org_id = p_org and b.scope_kind = p_scope_kind and b.scope_id = p_scope_id
    and b.measure = g.measure and b.period = g.period and b.limit_amount <> g.amount;

  with made as (
    insert into budget (org_id, scope_kind, scope_id, measure, period, limit_amount, opened_at, slots)
    select p_org, p_scope_kind, p_scope_id, g.measure, g.period, g.amount,
           case g.period when 'total' then least(birth_of(p_scope_id), v_now)
             else window_of(g.period, v_now) end,
           ring_of(g.period)
    from unnest(p_measures, p_periods, p_amounts) g(measure, period, amount)
    on conflict on constraint a_scope_has_one_limit_of_a_kind do nothing
    returning id
  )
  select array_agg(m.id) into v_new from made m;

  update budget b
  set settled = d.settled, reserved = d.reserved, slots = d.slots -- B4
  from ledger_derive(v_new) d
  where b.id = d.id;
end $$;
