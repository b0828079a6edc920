-- R1. Which transaction booked a row: what was booked by transactions that had all ended is folded into
-- `spend_daily`, exactly once, and everything else is read from the rows. Rows from before are older
-- than every transaction.
alter table spend add column booked_xid bigint not null default 0;
alter table spend alter column booked_xid set default pg_current_xact_id()::text::bigint;
create index spend_booked on spend using brin (booked_xid) with (pages_per_range = 32, autosummarize = on);

-- What calls of a UTC day cost, in sums. Of kind `call` each call is there once; of `session` once under
-- its session, and of `tag` once under each of its tags. An empty text stands for none.
create table spend_daily (
  org_id uuid not null,
  kind text not null,
  day date not null,
  -- The session or the tag; empty for `call`.
  name text not null,
  project_id uuid not null,
  key_id uuid,
  team text not null,
  person text not null,
  model text not null,
  provider text not null,
  agent text not null,
  calls bigint not null,
  failed_calls bigint not null,
  unpriced_calls bigint not null,
  cost_pusd numeric(38,0) not null,
  input_tokens numeric(38,0) not null,
  cached_input_tokens numeric(38,0) not null,
  cache_write_tokens numeric(38,0) not null,
  output_tokens numeric(38,0) not null,
  -- Of everything that names the row: texts may be longer than what an index takes.
  digest uuid not null generated always as (md5(
    spend_field(name) || spend_field(project_id::text) || spend_field(coalesce(key_id::text, ''))
    || spend_field(team) || spend_field(person) || spend_field(model) || spend_field(provider)
    || spend_field(agent))::uuid) stored,
  primary key (org_id, kind, day, digest),
  constraint a_kind_is_known check (kind in ('call', 'session', 'tag'))
) with (fillfactor = 70);
call tenant_table('spend_daily');

-- R2. Up to which transaction rows of an organization are folded. Numbers of transactions mean nothing
-- in another cluster: there, what was folded does not count until it is folded anew.
create table spend_fold (
  org_id uuid primary key,
  cluster bigint not null,
  folded_until bigint not null,
  folded_at timestamptz not null
);
call tenant_table('spend_fold');

-- R3. Up to which transaction rows of every organization are folded, so that one that has not called
-- for long need not be looked for in what others booked since.
create table spend_fold_mark (
  cluster bigint primary key,
  folded_until bigint not null
);
call dispatch_table('spend_fold_mark');

-- For the job: whose rows to fold.
create policy whose_spend on spend for select to sagewai_dispatch using (true);
grant select (org_id, booked_xid) on spend to sagewai_dispatch;
