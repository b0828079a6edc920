-- B5. No shares of the organization for so long, and those that are out are called back. In a
-- transaction of its own, so that holders hear of it at once. Answers how many holdings there are.
create or replace function ledger_recall(p_org uuid, p_pause uuid, p_pause_ms bigint) returns int
language plpgsql
as $$
declare
  v_count int;
begin
  perform set_config('sagewai.orgs', p_org::text, true);
  perform pg_advisory_xact_lock(ledger_lock_key(p_org)); -- whoever is granting one is awaited
  delete from share_pause where org_id = p_org and until < app_clock();
  insert into share_pause (org_id, id, until)
  values (p_org, p_pause, app_clock() + p_pause_ms * interval '1 millisecond');
  update holding set is_recalled = true where org_id = p_org;
  get diagnostics v_count = row_count;
  if v_count > 0 then
    perform pg_notify('sagewai_shares', jsonb_build_object('org', p_org)::text);
  end if;
  return v_count;
end $$;
