-- How a call that had a choice found its way: written with its spend row, never changed.
create table routing_decision (
  id uuid not null,
  org_id uuid not null,
  project_id uuid not null,
  key_id uuid,
  run_id uuid,
  at timestamptz not null,
  model text not null,
  deployment text not null,
  provider text,
  -- How many other models the call was sent to.
  fallback_index smallint not null,
  -- Attempts that failed, of all models.
  failed_attempts smallint not null,
  trace_id text,
  -- As it was told; the audit log has the digest of exactly this text.
  decision json not null,
  constraint a_decision_belongs_to_one_call primary key (id),
  constraint a_decision_counts_up check (fallback_index >= 0 and failed_attempts >= 0),
  constraint a_trace_id_is_one check (trace_id ~ '^[0-9a-f]{32}$'),
  constraint a_decision_is_short check (octet_length(decision::text) <= 65536)
) partition by range (id);

-- A page of one organization is read from the newest on.
create index routing_decision_org on routing_decision (org_id, id desc);
create index routing_decision_trace on routing_decision (trace_id) where trace_id is not null;
call tenant_table('routing_decision');
revoke update, delete on routing_decision from sagewai_request;

-- Partitions are months of ids, as of `spend`; ledger_make_months makes those to come.
create table routing_decision_rest partition of routing_decision default;
alter table routing_decision_rest enable row level security;
alter table routing_decision_rest force row level security;
do $$
declare
  v_month date := date_trunc('month', app_now())::date;
  v_name text;
begin
  for i in 1 .. 14 loop
    v_name := 'routing_decision_' || to_char(v_month, 'YYYYMM');
    execute format('create table %I partition of routing_decision for values from (%L) to (%L)',
      v_name, uuid_from_instant(v_month::timestamp at time zone 'UTC'),
      uuid_from_instant((v_month + interval '1 month') at time zone 'UTC'));
    execute format('alter table %I enable row level security', v_name);
    execute format('alter table %I force row level security', v_name);
    v_month := v_month + interval '1 month';
  end loop;
end $$;
