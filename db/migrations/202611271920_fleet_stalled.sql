-- Runs whose worker is alive and that make no progress.

-- Of runs of the pool that say nothing themselves; null: nobody looks.
alter table pool_setting add column no_progress_ms integer
  constraint a_pool_waits_a_while_for_progress check (no_progress_ms >= 1000);
alter table pool_setting add column requeues_stalled boolean not null default false;

-- A run may have its own patience without a timeout.
alter table run_timeout alter column timeout_ms drop not null;
alter table run_timeout add column no_progress_ms integer;

-- Once for each time that a lease stops making progress.
create table stalled_run (
  run_id uuid not null,
  epoch bigint not null,
  org_id uuid not null references organization (id),
  project_id uuid not null,
  pool text not null,
  worker_num integer not null,
  -- When it was heard of last: its last event, else its claim.
  quiet_since timestamptz not null,
  found_at timestamptz not null,
  primary key (run_id, epoch)
);
create index stalled_run_org_id on stalled_run (org_id, found_at);
call tenant_table('stalled_run');
