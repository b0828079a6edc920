-- What starts runs from outside, by asking, or by the clock; and what has become of each thing that came.

create table run_trigger (
  id uuid primary key,
  org_id uuid not null,
  project_id uuid not null,
  name text not null,
  kind text not null,
  enabled boolean not null,
  -- Of its kind, as asked.
  options json not null,
  -- JsonLogic; null: everything passes.
  filter json,
  -- What is submitted, with `{{…}}` in its texts.
  run json not null,
  -- Of a webhook: its place under /webhooks/.
  path text,
  -- Of a cron trigger.
  schedule_id uuid references schedule (id) on delete cascade,
  secret_sealed text,
  -- Is good as well until `previous_until`, so that senders can change over.
  previous_sealed text,
  previous_until timestamptz,
  -- Verified deliveries of the present minute.
  minute_at timestamptz,
  minute_count integer not null default 0,
  created_by text not null,
  created_at timestamptz not null,
  foreign key (org_id, project_id) references project (org_id, id),
  constraint a_trigger_has_a_name_of_its_own unique (org_id, project_id, name),
  constraint a_kind_of_trigger_is_known check (kind in ('webhook', 'poller', 'cron')),
  constraint a_webhook_has_a_path check ((kind = 'webhook') = (path is not null)),
  constraint a_cron_trigger_has_a_schedule check ((kind = 'cron') = (schedule_id is not null))
);
create index run_trigger_schedule on run_trigger (schedule_id) where schedule_id is not null;
call tenant_table('run_trigger');

-- X1. A delivery of a trigger fires once: this key is what makes it so, in the transaction that stores the run.
create table trigger_firing (
  id uuid primary key,
  org_id uuid not null,
  trigger_id uuid not null references run_trigger (id) on delete cascade,
  delivery_key text not null,
  how text not null,
  run_id uuid,
  error text,
  repeats integer not null default 0,
  fired_at timestamptz not null,
  constraint a_delivery_fires_once unique (trigger_id, delivery_key),
  constraint what_becomes_of_a_delivery_is_known check (how in ('started', 'filtered', 'refused', 'skipped')),
  constraint a_delivery_that_started_has_a_run check ((how = 'started') = (run_id is not null))
);
create index trigger_firing_newest on trigger_firing (trigger_id, fired_at desc);
create index trigger_firing_old on trigger_firing (org_id, fired_at);
call tenant_table('trigger_firing');

-- A poller's memory of what it was answered last.
create table trigger_poll (
  trigger_id uuid primary key references run_trigger (id) on delete cascade,
  org_id uuid not null,
  etag text,
  last_modified text,
  -- Whether what was there at the first poll is known.
  has_items boolean not null default false,
  polled_at timestamptz not null,
  status integer,
  error text,
  failures integer not null default 0
);
call tenant_table('trigger_poll');

-- Whose a path is; the path is made by the server and says nothing.
create table trigger_path (
  path text primary key,
  org_id uuid not null,
  trigger_id uuid not null unique
);
call dispatch_table('trigger_path');

-- When a poller asks next.
create table trigger_due (
  trigger_id uuid primary key,
  org_id uuid not null,
  due_at timestamptz not null
);
create index trigger_due_at on trigger_due (due_at);
call dispatch_table('trigger_due');

-- The trigger that a schedule belongs to is who submits its runs.
alter table schedule add column trigger_id uuid;
