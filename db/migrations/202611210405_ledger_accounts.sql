-- What a call may cost and what it did cost. Amounts are pico-USD, tokens, or requests.

-- B1. A limit and the state of its current window. `day` opens at midnight UTC; `minute` slides: 61
-- slots of one second, so that what is counted covers any 60 seconds and at most one second more.
create table budget (
  -- The order in which rows are locked, everywhere.
  id bigint generated always as identity primary key,
  org_id uuid not null references organization (id),
  scope_kind text not null,
  scope_id text not null,
  measure text not null,
  period text not null,
  limit_amount numeric(38,0) not null,
  -- What is used up for good. Of a `minute`: everything in its slots.
  settled numeric(38,0) not null default 0,
  -- What open reservations of this window may still use. Of a `minute`, and of requests: nothing.
  reserved numeric(38,0) not null default 0,
  -- When the window opened. Of a `minute`: the second of its newest slot.
  opened_at timestamptz not null,
  slots bigint[],
  constraint a_limit_is_not_negative check (limit_amount >= 0),
  constraint a_balance_is_not_negative check (settled >= 0 and reserved >= 0),
  constraint a_scope_is_known check (scope_kind in ('organization', 'project', 'key')),
  constraint a_measure_is_known check (measure in ('cost', 'tokens', 'requests')),
  constraint a_period_is_known check (period in ('day', 'minute')),
  constraint a_minute_has_slots
    check (case period when 'minute' then cardinality(slots) = 61 and reserved = 0 else slots is null end),
  constraint requests_are_counted_when_admitted check (measure <> 'requests' or reserved = 0),
  constraint a_scope_has_one_limit_of_a_kind
    unique (org_id, scope_kind, scope_id, measure, period)
) with (
  -- No indexed column changes, so updates stay on their page while it has room.
  fillfactor = 40,
  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
  autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_threshold = 500
);
call tenant_table('budget');

-- M2. The durable intent of a call, from before it leaves until it is settled. No references: its
-- writer has just read the organization and its project, and a check would cost as much as the insert.
create table reservation (
  id uuid primary key,
  org_id uuid not null,
  project_id uuid not null,
  key_id uuid,
  run_id uuid,
  worker_id uuid,
  amount_pusd bigint not null,
  input_tokens bigint not null,
  output_tokens bigint not null,
  price_known boolean not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  model text not null,
  deployment text not null,
  session_id text,
  agent text,
  tags text[],
  constraint an_amount_is_plausible check (amount_pusd between 0 and 1000000000000000000),
  constraint tokens_are_plausible
    check (input_tokens between 0 and 1000000000 and output_tokens between 0 and 1000000000),
  constraint a_reservation_expires_after_its_creation check (expires_at > created_at)
) with (
  fillfactor = 90,
  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
  autovacuum_vacuum_cost_delay = 0
);
call tenant_table('reservation');
revoke update on reservation from sagewai_request;
grant update (expires_at) on reservation to sagewai_request; -- and with it the right to lock rows

-- M2, M3. What each call cost. Entry 0 is the settlement of its reservation; entry 1 corrects one that
-- was booked because nobody settled it in time. Every sum over rows counts every call once.
create table spend (
  id uuid not null,
  entry smallint not null,
  org_id uuid not null,
  project_id uuid not null,
  key_id uuid,
  run_id uuid,
  worker_id uuid,
  cost_pusd bigint not null,
  input_tokens bigint not null,
  -- Parts of `input_tokens`.
  cached_input_tokens bigint not null,
  cache_write_tokens bigint not null,
  output_tokens bigint not null,
  -- What this row released, and what it exceeded that by.
  reserved_pusd bigint not null,
  reserved_tokens bigint not null,
  overrun_pusd bigint not null,
  overrun_tokens bigint not null,
  price_known boolean not null,
  -- When the call was admitted, and when this row was booked.
  started_at timestamptz not null,
  at timestamptz not null,
  usage_source text not null,
  status text not null,
  model text not null,
  deployment text not null,
  provider text,
  session_id text,
  agent text,
  tags text[],
  -- B3. The settlement of a call, and its correction, happen at most once.
  constraint a_call_is_settled_once primary key (org_id, id, entry),
  constraint an_entry_is_a_settlement_or_a_correction check (entry in (0, 1)),
  constraint a_settlement_is_plausible check (
    entry = 1
    or (cost_pusd between 0 and 1000000000000000000
        and input_tokens between 0 and 1000000000000 and output_tokens between 0 and 1000000000000
        and cached_input_tokens >= 0 and cache_write_tokens >= 0
        and cached_input_tokens + cache_write_tokens <= input_tokens)),
  constraint an_overrun_is_not_negative check (overrun_pusd >= 0 and overrun_tokens >= 0),
  constraint a_usage_source_is_known
    check (usage_source in ('provider', 'estimate', 'declared_by_worker', 'unknown')),
  constraint a_status_is_known check (status in ('ok', 'error', 'aborted', 'expired')),
  constraint what_expired_is_unknown check (status <> 'expired' or usage_source = 'unknown')
) partition by range (id);
create index spend_run on spend (run_id) where run_id is not null;
-- Rows arrive in the order of `at`, so a few bytes a block find a day.
create index spend_at on spend using brin (at) with (pages_per_range = 32, autosummarize = on);
call tenant_table('spend');
revoke update, delete on spend from sagewai_request;

-- The smallest UUIDv7 of an instant: ids are made in the order of time.
create function uuid_from_instant(p_at timestamptz) returns uuid
language sql immutable strict parallel safe
as $$
  select (lpad(to_hex(floor(extract(epoch from p_at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

-- Partitions are months of ids. What no month takes lands in the default one and is found there.
create table spend_rest partition of spend default;
alter table spend_rest enable row level security;
alter table spend_rest force row level security;

-- Makes the months from p_from on that are not there yet. Owned by the migrator: requests make no tables.
create function ledger_make_months(p_from date, p_months int) returns int
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
declare
  v_month date := date_trunc('month', p_from)::date;
  v_made int := 0;
  v_name text;
begin
  if p_months not between 1 and 24 then
    raise exception 'between 1 and 24 months at a time';
  end if;
  for i in 1 .. p_months loop
    v_name := 'spend_' || to_char(v_month, 'YYYYMM');
    if to_regclass('public.' || v_name) is null then
      begin
        execute format('create table public.%I partition of public.spend for values from (%L) to (%L)',
          v_name, public.uuid_from_instant(v_month::timestamp at time zone 'UTC'),
          public.uuid_from_instant((v_month + interval '1 month') at time zone 'UTC'));
        -- Reached only through `spend`, whose policy then counts.
        execute format('alter table public.%I enable row level security', v_name);
        execute format('alter table public.%I force row level security', v_name);
        v_made := v_made + 1;
      exception when check_violation then null; -- the default partition has rows of this month: it keeps them
      end;
    end if;
    v_month := v_month + interval '1 month';
  end loop;
  return v_made;
end $$;
revoke execute on function ledger_make_months(date, int) from public;
grant execute on function ledger_make_months(date, int) to sagewai_request, sagewai_dispatch;

-- No call of ours is older than this month.
select ledger_make_months(date '2026-11-01', 14);

-- What has work for the jobs: they may learn whose rows to look at, and nothing else.
create policy whose_reservations on reservation for select to sagewai_dispatch using (true);
create policy whose_budgets on budget for select to sagewai_dispatch using (true);
grant select (org_id, expires_at) on reservation to sagewai_dispatch;
grant select (org_id) on budget to sagewai_dispatch;

-- B5. Held shared by everything that moves money of an organization, and alone by what changes which
-- limits it has: a call then counts in exactly the budgets that exist above it.
create function ledger_lock_key(p_org uuid) returns bigint
language sql immutable strict parallel safe
as $$ select hashtextextended('ledger ' || p_org::text, 0) $$;

-- Whether a row belongs to a scope. The columns decide, never a list made by the caller.
create function in_scope(
  p_kind text, p_scope_id text, p_org uuid, p_project uuid, p_key uuid
) returns boolean
language sql immutable parallel safe
as $$
  select case p_kind
    when 'organization' then p_org::text = p_scope_id
    when 'project' then p_project::text = p_scope_id
    when 'key' then p_key::text = p_scope_id
  end
$$;

create function epoch_second(p_at timestamptz) returns bigint
language sql stable strict parallel safe
as $$ select floor(extract(epoch from p_at))::bigint $$;

create function day_of(p_at timestamptz) returns timestamptz
language sql stable strict parallel safe
as $$ select date_trunc('day', p_at at time zone 'UTC') at time zone 'UTC' $$;

-- B1. A ring of seconds turned to a later second, with amounts added to the seconds that it still has.
create function ring_after(
  p_slots bigint[], p_total numeric, p_newest timestamptz, p_now timestamptz,
  p_seconds bigint[], p_amounts bigint[],
  out slots bigint[], out total numeric
)
language plpgsql immutable
as $$
declare
  v_from bigint := epoch_second(p_newest);
  v_to bigint := epoch_second(p_now);
  v_slot int;
begin
  if v_to - v_from >= 61 then
    slots := array_fill(0::bigint, array[61]);
    total := 0;
  else
    slots := p_slots;
    total := p_total;
    for v_second in v_from + 1 .. v_to loop
      v_slot := v_second % 61 + 1;
      total := total - slots[v_slot];
      slots[v_slot] := 0;
    end loop;
  end if;
  for i in 1 .. coalesce(cardinality(p_seconds), 0) loop
    if p_seconds[i] > v_to - 61 then
      v_slot := p_seconds[i] % 61 + 1;
      slots[v_slot] := slots[v_slot] + p_amounts[i];
      total := total + p_amounts[i];
    end if;
  end loop;
end $$;

-- How long until so much has left a ring: the oldest seconds leave first.
create function ring_wait_ms(
  p_slots bigint[], p_newest timestamptz, p_now timestamptz, p_amount numeric
) returns bigint
language plpgsql immutable
as $$
declare
  v_now bigint := epoch_second(p_now);
  v_freed numeric := 0;
  v_second bigint := v_now - 60;
begin
  while v_second <= epoch_second(p_newest) loop
    v_freed := v_freed + p_slots[v_second % 61 + 1];
    exit when v_freed >= p_amount;
    v_second := v_second + 1;
  end loop;
  return ceil((least(v_second, v_now) + 61 - extract(epoch from p_now)) * 1000)::bigint;
end $$;
