-- What runs say while they run. Append-only, in a partition a day: what is too old is dropped by the day.

create table run_event (
  run_id uuid not null,
  -- Grows by one with every event of the run.
  seq bigint not null,
  org_id uuid not null,
  at timestamptz not null,
  attempt smallint not null,
  kind text not null,
  level text,
  text text,
  fraction double precision,
  data json,
  -- How many events right before this one were left out.
  left_out integer not null,
  primary key (run_id, seq, at),
  constraint an_event_is_of_a_known_kind check (kind in ('log', 'progress', 'custom')),
  constraint a_fraction_is_a_part_of_one check (fraction between 0 and 1)
) partition by range (at);
call tenant_table('run_event');
revoke update, delete on run_event from sagewai_request;

create table run_event_default partition of run_event default;
alter table run_event_default enable row level security;
alter table run_event_default force row level security;
do $$
declare v_day date;
begin
  set local timezone = 'UTC';
  for v_day in select d::date from generate_series(app_now()::date, app_now()::date + 2, '1 day') as d loop
    execute format('create table %I partition of run_event for values from (%L) to (%L)',
                   'run_event_' || to_char(v_day, 'YYYYMMDD'), v_day::timestamptz, (v_day + 1)::timestamptz);
    execute format('alter table %I enable row level security', 'run_event_' || to_char(v_day, 'YYYYMMDD'));
    execute format('alter table %I force row level security', 'run_event_' || to_char(v_day, 'YYYYMMDD'));
  end loop;
end $$;

-- One row a run that has said something: gives the numbers, and counts what is left out.
create table run_event_head (
  run_id uuid primary key,
  org_id uuid not null,
  seq bigint not null,
  -- F1. Under which lease the worker's own numbers count, and the last of them that was taken.
  epoch bigint not null,
  taken bigint not null,
  bytes bigint not null,
  left_out bigint not null,
  -- What of that an event has told.
  left_out_told bigint not null,
  -- How many events may come at once; grows with time.
  allowance double precision not null,
  last_at timestamptz not null,
  fraction double precision,
  message text
) with (fillfactor = 60);
call tenant_table('run_event_head');
