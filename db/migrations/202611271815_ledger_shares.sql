-- M2. What a replica holds of the budgets of one organization, for a moment: it admits calls from its
-- shares in memory. What is in a share counts as reserved; a holding that expires without its holder
-- is booked as spent in full, marked unknown.
create table holding (
  id uuid primary key,
  org_id uuid not null,
  expires_at timestamptz not null,
  -- To be given up: its holder hears of it, or learns it at its next statement.
  is_recalled boolean not null default false
) with (
  fillfactor = 20,
  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
  autovacuum_vacuum_cost_delay = 0
);
call tenant_table('holding');
create policy whose_holdings on holding for select to sagewai_dispatch using (true);
grant select (org_id, expires_at) on holding to sagewai_dispatch;

create table share (
  budget_id bigint not null,
  holding_id uuid not null,
  org_id uuid not null,
  -- What its holder may still give out, and what calls under way may still use.
  amount bigint not null,
  -- The day that it is taken from; of a `minute`, null.
  day timestamptz,
  primary key (budget_id, holding_id),
  constraint a_share_is_not_overdrawn check (amount >= 0)
) with (
  fillfactor = 20,
  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
  autovacuum_vacuum_cost_delay = 0
);
create index share_of_a_holding on share (holding_id);
call tenant_table('share');

-- M2, B4. What expired with a holding, booked as spent; and, with a negative amount, what a settlement
-- that came later showed to be booked twice. Named by scope, because it outlives its budget.
create table lost_share (
  id bigint generated always as identity primary key,
  org_id uuid not null,
  holding_id uuid not null,
  scope_kind text not null,
  scope_id text not null,
  measure text not null,
  period text not null,
  amount bigint not null,
  -- The instant at which it counts.
  charged_at timestamptz not null,
  booked_at timestamptz not null
);
create index lost_share_of_a_holding on lost_share (holding_id);
create index lost_share_of_a_scope on lost_share (org_id, scope_kind, scope_id, charged_at);
call tenant_table('lost_share');
revoke update, delete on lost_share from sagewai_request;

-- B5. Until when no shares of an organization are given out: its limits are about to change. Whoever
-- changes them has a row of its own, and takes it away with the change.
create table share_pause (
  org_id uuid not null,
  id uuid not null,
  until timestamptz not null,
  primary key (org_id, id)
);
call tenant_table('share_pause');

-- Until when no shares of a budget are given out, because a call was refused while there were some.
alter table budget add column exact_until timestamptz;
-- Shares count as reserved, of every measure and period.
alter table budget drop constraint a_minute_has_slots;
alter table budget add constraint a_minute_has_slots
  check (case period when 'minute' then cardinality(slots) = 61 else slots is null end);
alter table budget drop constraint requests_are_counted_when_admitted;

-- B1. Whether the call was admitted from a share: a minute then counts it when it is booked.
alter table spend add column from_share boolean not null default false;

-- Answers more than before.
drop function ledger_reserve(
  uuid[], uuid[], uuid[], uuid[], uuid[], uuid[], uuid[], text[], text[], text[], text[], text[],
  bigint[], bigint[], bigint[], bigint[], boolean[], boolean[], bigint[]);
