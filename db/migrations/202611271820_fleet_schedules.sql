-- Runs that are submitted again and again: when, what, and what has become of each planned instant.

create table schedule (
  id uuid primary key,
  org_id uuid not null,
  project_id uuid not null,
  name text not null,
  cron text not null,
  time_zone text not null,
  -- As asked.
  submission json not null,
  catch_up text not null,
  catch_up_max integer not null,
  overlap text not null,
  jitter_ms integer not null,
  paused boolean not null default false,
  -- The next; null: never again.
  planned_at timestamptz,
  -- A planned instant that waits for the run before it.
  held_at timestamptz,
  created_by text not null,
  created_at timestamptz not null,
  foreign key (org_id, project_id) references project (org_id, id),
  constraint a_schedule_has_a_name_of_its_own unique (org_id, project_id, name),
  constraint a_catch_up_is_known check (catch_up in ('none', 'latest', 'all')),
  constraint an_overlap_is_known check (overlap in ('allow', 'skip', 'queue_one', 'cancel_running'))
);
call tenant_table('schedule');

-- S1. A planned instant of a schedule fires once: this key is what makes it so, in the transaction that
-- stores the run.
create table firing (
  schedule_id uuid not null references schedule (id) on delete cascade,
  planned_at timestamptz not null,
  org_id uuid not null,
  how text not null,
  -- Of a firing that submitted one.
  run_id uuid,
  error text,
  fired_at timestamptz not null,
  primary key (schedule_id, planned_at),
  constraint a_firing_is_known check (how in ('submitted', 'skipped', 'missed', 'held', 'refused')),
  constraint a_firing_that_submitted_has_a_run check ((how = 'submitted') = (run_id is not null))
);
call tenant_table('firing');

create table schedule_due (
  schedule_id uuid primary key,
  org_id uuid not null,
  due_at timestamptz not null
);
create index schedule_due_at on schedule_due (due_at);
call dispatch_table('schedule_due');
