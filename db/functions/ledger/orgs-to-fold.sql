-- R3. Whose rows are to be folded, and the mark that may be set when all of them are.
create or replace function ledger_orgs_to_fold(out org_ids uuid[], out mark bigint)
language plpgsql
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
as $$
declare
  v_from bigint;
begin
  -- Before the rows are read, as in `ledger_fold`.
  mark := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
  select coalesce(max(m.folded_until), 0) into v_from
  from spend_fold_mark m where m.cluster = ledger_cluster();
  select array_agg(distinct s.org_id) into org_ids from spend s where s.booked_xid >= v_from;
end $$;
