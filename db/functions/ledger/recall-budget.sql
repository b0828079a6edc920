-- M1, M7. A call is refused by a budget of which shares are out: no more of them for so long, and those
-- that are out are called back. Answers what is in them; to be asked again until that is nothing.
create or replace function ledger_recall_budget(p_org uuid, p_budget bigint, p_pause_ms bigint)
returns bigint
language plpgsql
as $$
declare
  v_amount bigint;
begin
  perform set_config('sagewai.orgs', p_org::text, true);
  update budget set exact_until = app_clock() + p_pause_ms * interval '1 millisecond'
  where id = p_budget and org_id = p_org
    and (exact_until is null or exact_until < app_clock() + p_pause_ms * interval '0.5 milliseconds');
  if found then
    perform pg_notify('sagewai_shares', jsonb_build_object('org', p_org, 'budget', p_budget::text)::text);
  end if;
  select coalesce(sum(s.amount), 0) into v_amount from share s where s.budget_id = p_budget;
  return v_amount;
end $$;
