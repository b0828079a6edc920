-- M2. Books reservations that nobody settled in time as spent in full, marked unknown. Answers how many.
create or replace function ledger_expire(p_orgs uuid[], p_max int) returns int
language plpgsql
set plan_cache_mode = force_generic_plan -- a plan made for each batch costs more than the batch
set enable_seqscan = off -- and one plan must do for a table that is empty now and full of dead rows later
as $$
declare
  v_count int;
begin
  perform set_config('sagewai.orgs', array_to_string(p_orgs, ','), true);
  with due as (
    select r.* from reservation r
    where r.expires_at <= app_clock()
    order by r.id limit p_max
    for update skip locked
  ), lists as (
    select array_agg(d.id) as id, array_agg(d.org_id) as org, array_agg(d.amount_pusd) as cost,
           array_agg(d.input_tokens) as input, array_agg(0::bigint) as none,
           array_agg(d.output_tokens) as output, array_agg(d.price_known) as price_known,
           array_agg('unknown'::text) as source, array_agg('expired'::text) as status,
           array_agg(null::text) as same
    from due d
  )
  select count(s.id) into v_count
  from lists l
  left join lateral ledger_settle(p_orgs, l.id, l.org, l.cost, l.input, l.none, l.none, l.output,
    l.price_known, l.source, l.status, l.same, l.same) s on true
  where l.id is not null;
  return v_count;
end $$;
