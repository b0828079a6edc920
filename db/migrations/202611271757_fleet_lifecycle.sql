-- Delays, timeouts, retry policies, the attempts before the last, dead letters, and what is done to many
-- runs at once.

alter table run
  -- Not before; null: at once.
  add column run_at timestamptz,
  -- Of one attempt.
  add column timeout_ms integer,
  -- Every field decided.
  add column retry jsonb,
  -- The dead letter that this run repeats.
  add column redrive_of uuid;

alter table outcome add column error_class text;

-- Attempts that did not end their run, append-only; the one that did is in `outcome`. At most as many as
-- the run may have.
create table attempt (
  run_id uuid not null,
  epoch bigint not null,
  org_id uuid not null,
  attempt smallint not null,
  worker_num integer not null,
  started_at timestamptz not null,
  ended_at timestamptz not null,
  error text,
  error_class text not null,
  primary key (run_id, epoch)
) partition by range (run_id);
call tenant_table('attempt');
revoke update, delete on attempt from sagewai_request;
create table attempt_default partition of attempt default;
alter table attempt_default enable row level security;
alter table attempt_default force row level security;

-- Only runs whose attempts have a timeout.
create table run_timeout (
  run_id uuid primary key,
  timeout_ms integer not null
);
call dispatch_table('run_timeout');

-- Runs that nobody will try again although somebody should look at them.
create table dead_letter (
  run_id uuid primary key,
  org_id uuid not null,
  project_id uuid not null,
  pool text not null,
  -- Canonical, or '*': any.
  model text not null,
  cause text not null,
  error text,
  error_class text not null,
  attempts smallint not null,
  died_at timestamptz not null,
  -- The one run that repeats it.
  redriven_by uuid,
  discarded_at timestamptz,
  constraint a_dead_letter_has_a_cause check (cause in ('exhausted', 'marked')),
  constraint a_dead_letter_is_redriven_or_discarded check (redriven_by is null or discarded_at is null)
);
create index dead_letter_open on dead_letter (org_id, run_id)
  where redriven_by is null and discarded_at is null;
call tenant_table('dead_letter');

-- What is done to all runs that a filter finds, a few at a time.
create table bulk_operation (
  id uuid primary key,
  org_id uuid not null references organization (id),
  project_id uuid,
  kind text not null,
  filter jsonb not null,
  actor text not null,
  -- Found when it began.
  total integer not null,
  done integer not null default 0,
  -- What had gone its own way by the time its turn came.
  skipped integer not null default 0,
  -- The last run that was looked at.
  cursor uuid,
  created_at timestamptz not null,
  finished_at timestamptz,
  constraint an_operation_is_known check (kind in ('cancel', 'redrive', 'discard'))
);
create index bulk_operation_org on bulk_operation (org_id, id);
call tenant_table('bulk_operation');

create table bulk_due (
  id uuid primary key,
  org_id uuid not null
);
call dispatch_table('bulk_due');

do $$ declare f regprocedure; begin
  for f in select p.oid::regprocedure from pg_proc p
           where p.proname in ('fleet_submit', 'fleet_report', 'fleet_take_back', 'fleet_orphans')
             and p.pronamespace = 'public'::regnamespace
  loop execute 'drop function ' || f; end loop; end $$;
