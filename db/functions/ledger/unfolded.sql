-- R1. The rows of an organization that are in none of its sums. Read it in the statement that reads the
-- sums: both are then of one instant.
create or replace function ledger_unfolded(p_org uuid) returns setof spend
language plpgsql stable
set plan_cache_mode = force_custom_plan
set enable_seqscan = off -- few rows of a large table, whose plan must not depend on statistics
as $$
declare
  v_from bigint;
begin
  select greatest( -- passes over a null
           (select f.folded_until from spend_fold f where f.org_id = p_org),
           (select m.folded_until from spend_fold_mark m where m.cluster = ledger_cluster()),
           0)
  into v_from
  -- R2. Of sums that do not count, nothing is left out.
  where not exists (
    select from spend_fold f where f.org_id = p_org and f.cluster <> ledger_cluster());
  v_from := coalesce(v_from, 0);
  return query select s.* from spend s where s.org_id = p_org and s.booked_xid >= v_from;
end $$;
