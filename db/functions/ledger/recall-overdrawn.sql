-- M1. Budgets that a provider's excess has overdrawn: what is out of them in shares was reserved before,
-- and is called back, so that the next call pays for the excess. Holders hear of it at the commit.
create or replace function ledger_recall_overdrawn(p_budgets bigint[]) returns void
language sql
as $$
  select pg_notify('sagewai_shares', jsonb_build_object('org', b.org_id, 'budget', b.id::text)::text)
  from budget b
  where b.id = any(p_budgets) and b.settled + b.reserved > b.limit_amount
    and exists (select from share s where s.budget_id = b.id and s.amount > 0)
$$;
